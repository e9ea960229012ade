import mlx.nn as nn


def _unavailable(name):
    """A function that MLX has no form of, and which says so where it is called."""

    def call(*args, **kwargs):
        raise NotImplementedError(f"{name} has no form in MLX")

    return call


def keep(*args):
    pass


class Code(nn.Module):
    def __init__(self, n: int, sync: bool = False):
        super().__init__()
        self.lin = nn.Linear(n, n)
        self.all_reduce = _unavailable("torch.distributed.all_reduce") if sync else keep

    def __call__(self, x):
        x = self.lin(x)
        self.all_reduce(x)
        return x
