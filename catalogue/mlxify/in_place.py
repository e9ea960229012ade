"""What stands for PyTorch's in-place operations where no statement can."""

from mlxify.catalogue import *


@definition("mlxify.assign")
def _assign(array, value):
    """Writes a value into an array that others hold too, and gives that array."""
    array[...] = value
    return array
