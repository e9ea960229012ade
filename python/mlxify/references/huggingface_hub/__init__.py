"""Stands for the Hub's mixin where huggingface_hub is not installed: it loads and saves nothing."""


class PyTorchModelHubMixin:
    def __init_subclass__(cls, **options):
        super().__init_subclass__()
