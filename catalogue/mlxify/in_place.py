"""What stands for PyTorch's in-place operations where no statement can."""

from mlxify.catalogue import *


@definition("mlxify.assign")
def _assign(array, value):
    """Writes a value into an array that others hold too, and gives that array."""
    array[...] = value
    return array


# A write to `x.data` of what is computed. (What is equal stays, so that no infinity is taken from itself.)
@definition("mlxify.with_value")
def _with_value(x, value):
    """The value with the gradient of `x`, as after a write to PyTorch's `x.data`."""
    return mx.where(value == x, x, x + mx.stop_gradient(value - x)).astype(x.dtype)


@definition("mlxify.with_diagonal")
def _with_diagonal(array, value, offset=0, dim1=0, dim2=1):
    """The array with that value on a diagonal of two of its axes; the diagonal is the value's last axis."""
    ends = [dim1 % array.ndim, dim2 % array.ndim]
    order = [axis for axis in range(array.ndim) if axis not in ends] + ends
    array = array.transpose(order)
    places = mx.arange(value.shape[-1])
    array[..., places + max(-offset, 0), places + max(offset, 0)] = value
    return array.transpose([order.index(axis) for axis in range(array.ndim)])


@definition("mlxify.with_strided")
def _with_strided(array, value, size, stride, storage_offset=0):
    """The array with that value in elements so far apart, counted row by row through all of it."""
    places = mx.array(storage_offset)
    for length, step in zip(size, stride):
        places = mx.expand_dims(places, -1) + step * mx.arange(length)
    flat = array.reshape(-1)
    flat[places] = value
    return flat.reshape(array.shape)
