"""What a function that returns a torch.nn.Sequential gives back in MLX."""

from catalogue.mlxify.sanitize import _sanitize

from mlxify.catalogue import *


# What a function of the file gives back to its user, who loads PyTorch's weights into it.
@definition("mlxify.torch.nn.Sequential")
class Sequential(nn.Sequential):
    """MLX's Sequential, which also takes the weights of PyTorch's."""

    def sanitize(self, weights):
        """PyTorch's weights under this model's names and layouts."""
        return _sanitize(self, weights)
