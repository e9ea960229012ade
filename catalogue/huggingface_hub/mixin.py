"""What the Hub adds to a model class does not concern the model."""

from mlxify.catalogue import *


@definition("huggingface_hub.PyTorchModelHubMixin", "huggingface_hub.hub_mixin.PyTorchModelHubMixin")
class PyTorchModelHubMixin:
    """Stands for the mixin that loads from and saves to the Hub, which is not converted: `load_weights` does the former."""

    def __init_subclass__(cls, **options):
        super().__init_subclass__()


never("huggingface_hub.hf_hub_download", "huggingface_hub.snapshot_download", "a model downloads nothing",
      suggest="`mlxify weights` converts a file that was downloaded")  # fmt: skip
