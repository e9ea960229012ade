"""Stands for what this reference of torchvision does not have."""


class Missing:
    """A name that says so when it is called."""

    def __init__(self, name: str):
        self.name = name

    def __call__(self, *args, **kwargs):
        raise NotImplementedError(f"`{self.name}` of torchvision, which is not installed")


def placeholder(name: str) -> Missing:
    if name.startswith("__"):
        raise AttributeError(name)
    return Missing(name)
