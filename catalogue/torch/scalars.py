"""What torch lets tensors without axes do: they have an axis 0 and -1, which MLX does not know."""

from mlxify.catalogue import *


# Where the rank is not known, no code is spent on such tensors: MLX raises for their axes.
def _scalar(input):
    return known(input.ndim == 0) and input.ndim == 0


# The axis of a reduction: of a scalar, none. Where neither rank nor axis is known, that is seen at run time.
def _axis(input, dim):
    if _scalar(input):
        return None
    if not known(input.ndim) and not known(dim):
        if input.ndim == 0:
            return None
    return dim


# torch takes a tensor of one whole number for a size; `max(tensor, 3)` may be either.
def _whole(value):
    if known(is_tensor(value)) and is_tensor(value):
        return int(value)
    return value


# A scalar is the extreme, the first and the last of its values.
def _only(input):
    return input, mx.zeros((), dtype=mx.int32)
