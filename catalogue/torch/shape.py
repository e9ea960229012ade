"""Shapes and axes. Every result here shares memory in torch, and is a value of its own in MLX: hence `view_of`."""

from catalogue.torch.scalars import _scalar

from mlxify.catalogue import *


# reshape(2, -1) and reshape(shape), the sizes written out where their number is known. (`x.reshape()` is no call.)
def _reshaped(input, shape):
    if known(len(shape) == 1) and len(shape) == 1:
        if known(isinstance(shape[0], (tuple, list))) and isinstance(shape[0], (tuple, list)):
            if known(len(shape[0])) and len(shape[0]) > 0:
                return input.reshape(*shape[0])
        return input.reshape(shape[0])
    if known(len(shape)):
        return input.reshape(*shape)
    return input.reshape(shape)


# view(dtype) reads the same bits anew; everything else is a new shape.
@rule("torch.Tensor.view", view_of="self")
def view(self, *shape, dtype=None):
    if dtype is not None:
        return self.view(dtype)
    if known(len(shape) == 1) and len(shape) == 1:
        if known(isinstance(shape[0], mx.Dtype)) and isinstance(shape[0], mx.Dtype):
            return self.view(shape[0])
    return _reshaped(self, shape)


@rule("torch.Tensor.reshape", view_of="self")
def reshape(self, *shape):
    return _reshaped(self, shape)


@rule("torch.reshape", view_of="input")
def reshape_to(input, shape):
    return _reshaped(input, (shape,))


@rule("torch.Tensor.view_as", "torch.Tensor.reshape_as", view_of="self")
def reshape_as(self, other):
    return self.reshape(other.shape)


# The values in memory order stay; what torch leaves undefined beyond them is zero.
@rule("torch.Tensor.resize_", "torch.Tensor.resize", mutates="self")
def resize_(self, *sizes):
    size = sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes
    count = math.prod(size)
    return mx.concatenate([self.flatten(), mx.zeros(count, dtype=self.dtype)])[:count].reshape(size)


@rule("torch.flatten", "torch.Tensor.flatten", view_of="input")
def flatten(input, start_dim=0, end_dim=-1):
    if known(start_dim == 0 and end_dim == -1) and start_dim == 0 and end_dim == -1:
        return input.flatten()
    if known(end_dim == -1) and end_dim == -1:
        return input.flatten(start_dim)
    return input.flatten(start_dim, end_dim)


@rule("torch.ravel", "torch.Tensor.ravel", view_of="input")
def ravel(input):
    return input.reshape(-1)


@rule("torch.unflatten", "torch.Tensor.unflatten", view_of="input")
def unflatten(input, dim, sizes):
    return mx.unflatten(input, dim, sizes)


@rule("torch.transpose", "torch.Tensor.transpose", "torch.swapaxes", "torch.Tensor.swapaxes", view_of="input", trap="order of axes")
def transpose(input, dim0, dim1):
    if _scalar(input):
        return input
    return input.swapaxes(dim0, dim1)


@rule("torch.swapdims", "torch.Tensor.swapdims", view_of="input")
def swapdims(input, dim0, dim1):
    return input.swapaxes(dim0, dim1)


@rule("torch.t", "torch.Tensor.t", view_of="input", trap="order of axes")
def t(input):
    return input.T


@rule("torch.adjoint", "torch.Tensor.adjoint", view_of="input")
def adjoint(input):
    if known(input.dtype != mx.complex64) and input.dtype != mx.complex64:
        return input.mT
    return mx.conj(input.mT)


@rule("torch.Tensor.permute", view_of="self")
def permute(self, *dims):
    if known(len(dims) == 1) and len(dims) == 1:
        return permute_to(self, dims[0])
    return permute_to(self, dims)


@rule("torch.permute", view_of="input", trap="order of axes")
def permute_to(input, dims):
    if known(isinstance(dims, int)) and isinstance(dims, int):
        return input
    if known(len(dims)):
        return input.transpose(*dims)
    return input.transpose(dims)


# One axis moves by `moveaxis`; several make a permutation.
@rule("torch.movedim", "torch.moveaxis", "torch.Tensor.movedim", "torch.Tensor.moveaxis", view_of="input")
def movedim(input, source, destination):
    """Moves axes to other places; the rest keep their order."""
    if isinstance(source, int):
        return mx.moveaxis(input, source, destination)
    source = [axis % input.ndim for axis in source]
    destination = [axis % input.ndim for axis in destination]
    others = [axis for axis in range(input.ndim) if axis not in source]
    order = [source[destination.index(axis)] if axis in destination else others.pop(0) for axis in range(input.ndim)]
    return input.transpose(order)


@rule("torch.unsqueeze", "torch.Tensor.unsqueeze", view_of="input")
def unsqueeze(input, dim):
    return mx.expand_dims(input, dim)


@rule("torch.squeeze", "torch.Tensor.squeeze", view_of="input")
def squeeze(input, dim=None):
    """Removes axes of size 1; an axis of another size stays."""
    if dim is None:
        return input.squeeze()
    if isinstance(dim, (tuple, list)) and _scalar(input):
        return input
    if isinstance(dim, (tuple, list)):
        return input.squeeze([axis for axis in dim if input.shape[axis] == 1])
    if _scalar(input):
        return input
    return input.squeeze(dim) if input.shape[dim] == 1 else input


# -1 keeps an axis, which `broadcast_to` does not know.
def _expanded(shape, sizes):
    """The sizes with -1 replaced by what the axis has."""
    return tuple(shape[axis - len(sizes)] if size == -1 else size for axis, size in enumerate(sizes))


# Where sizes are written out, only a literal -1 is taken for one: any other negative size raises in MLX.
def _expand(input, sizes):
    if known(len(sizes)):
        ahead = len(sizes)
        return mx.broadcast_to(
            input,
            tuple(
                [
                    input.shape[axis - ahead] if known(size == -1) and size == -1 else size
                    for axis, size in enumerate(sizes)
                ]
            ),
        )
    return mx.broadcast_to(input, _expanded(input.shape, sizes))


@rule("torch.Tensor.expand", view_of="self")
def expand(self, *sizes):
    """Broadcasts to the sizes, of which -1 keeps an axis as it is."""
    if known(len(sizes) == 1) and len(sizes) == 1 and not isinstance(sizes[0], int):
        return _expand(self, sizes[0])
    return _expand(self, sizes)


@rule("torch.broadcast_to", "torch.Tensor.broadcast_to", view_of="input")
def broadcast_to(input, size):
    return _expand(input, size)


@rule("torch.Tensor.expand_as", view_of="self")
def expand_as(self, other):
    return mx.broadcast_to(self, other.shape)


@rule("torch.broadcast_tensors")
def broadcast_tensors(*tensors):
    return mx.broadcast_arrays(*tensors)


@rule("torch.broadcast_shapes")
def broadcast_shapes(*shapes):
    return mx.broadcast_shapes(*[_shape(shape) for shape in shapes])


# A number is the length of a vector.
def _shape(shape):
    if isinstance(shape, int):
        return (shape,)
    return shape


# torch's `repeat` is numpy's `tile`; MLX's `repeat` is torch's `repeat_interleave`.
@rule("torch.Tensor.repeat", trap="repeats")
def repeat(self, *repeats):
    if known(len(repeats) == 1) and len(repeats) == 1 and not isinstance(repeats[0], int):
        return mx.tile(self, repeats[0])
    return mx.tile(self, repeats)


@rule("torch.Tensor.tile")
def tile(self, *dims):
    if known(len(dims) == 1) and len(dims) == 1 and not isinstance(dims[0], int):
        return mx.tile(self, dims[0])
    return mx.tile(self, dims)


@rule("torch.tile")
def tile_by(input, dims):
    return mx.tile(input, dims)


# A tensor of counts gives a length that depends on values: its indices are made by numpy.
@rule("torch.repeat_interleave", "torch.Tensor.repeat_interleave", trap="repeats")
def repeat_interleave(input, repeats, dim=None, *, output_size=None):
    """Repeats every entry along an axis, by one count or by a count for each."""
    if not is_tensor(repeats):
        return mx.repeat(input, repeats, axis=dim)
    if dim is None:
        return input.reshape(-1)[mx.array(np.repeat(np.arange(input.size), np.array(repeats)))]
    return mx.take(input, mx.array(np.repeat(np.arange(input.shape[dim]), np.array(repeats))), axis=dim)


@rule("torch.flip", "torch.Tensor.flip")
def flip(input, *dims):
    if known(len(dims) == 1) and len(dims) == 1:
        return mx.flip(input, dims[0])
    return mx.flip(input, dims)


@rule("torch.fliplr", "torch.Tensor.fliplr")
def fliplr(input):
    return input[:, ::-1]


@rule("torch.flipud", "torch.Tensor.flipud")
def flipud(input):
    return input[::-1]


@rule("torch.roll", "torch.Tensor.roll")
def roll(input, shifts, dims=None):
    if isinstance(dims, (tuple, list)) and len(dims) == 0:
        return mx.roll(input, shifts)
    return mx.roll(input, shifts, axis=dims)


@rule("torch.rot90", "torch.Tensor.rot90")
def rot90(input, k=1, dims=(0, 1)):
    if k % 4 == 0:
        return input
    if k % 4 == 2:
        return mx.flip(input, list(dims))
    if k % 4 == 1:
        return mx.flip(input.swapaxes(dims[0], dims[1]), dims[0])
    return mx.flip(input.swapaxes(dims[0], dims[1]), dims[1])


# f(a, b) and f([a, b])
def _listed(tensors):
    if known(len(tensors) == 1) and len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        return tensors[0]
    return tensors


@rule("torch.atleast_1d")
def atleast_1d(*tensors):
    if known(len(tensors) == 1) and len(tensors) == 1 and not isinstance(tensors[0], (tuple, list)):
        return mx.atleast_1d(tensors[0])
    return tuple([mx.atleast_1d(tensor) for tensor in _listed(tensors)])


@rule("torch.atleast_2d")
def atleast_2d(*tensors):
    if known(len(tensors) == 1) and len(tensors) == 1 and not isinstance(tensors[0], (tuple, list)):
        return mx.atleast_2d(tensors[0])
    return tuple([mx.atleast_2d(tensor) for tensor in _listed(tensors)])


@rule("torch.atleast_3d")
def atleast_3d(*tensors):
    if known(len(tensors) == 1) and len(tensors) == 1 and not isinstance(tensors[0], (tuple, list)):
        return mx.atleast_3d(tensors[0])
    return tuple([mx.atleast_3d(tensor) for tensor in _listed(tensors)])


# `x[:, place]`: an index or slice on one axis.
def _at(input, dim, place):
    if known(dim == 0) and dim == 0:
        return input[place]
    if known(dim == 1) and dim == 1:
        return input[:, place]
    if known(dim == 2) and dim == 2:
        return input[:, :, place]
    if known(dim == -1) and dim == -1:
        return input[..., place]
    if known(dim == -2) and dim == -2:
        return input[..., place, :]
    return input[(slice(None),) * (dim % input.ndim) + (place,)]


def _slice(input, dim, start, end):
    if known(dim == 0) and dim == 0:
        return input[start:end]
    if known(dim == 1) and dim == 1:
        return input[:, start:end]
    if known(dim == 2) and dim == 2:
        return input[:, :, start:end]
    if known(dim == -1) and dim == -1:
        return input[..., start:end]
    if known(dim == -2) and dim == -2:
        return input[..., start:end, :]
    return input[(slice(None),) * (dim % input.ndim) + (slice(start, end),)]


@rule("torch.narrow", "torch.Tensor.narrow", "torch.narrow_copy", "torch.Tensor.narrow_copy", view_of="input")
def narrow(input, dim, start, length):
    if is_tensor(start):
        return _slice(input, dim, start.item(), start.item() + length)
    return _slice(input, dim, start, start + length)


@rule("torch.select", "torch.Tensor.select", view_of="input")
def select(input, dim, index):
    return _at(input, dim, index)


@rule("torch.Tensor.unfold", view_of="self")
def unfold(self, dimension, size, step):
    """Sliding windows over an axis: their starts stay in its place, their values form a new last axis."""
    if _scalar(self):
        return self.reshape(1)
    axis = dimension % self.ndim
    starts = mx.arange(0, self.shape[axis] - size + 1, step)
    return mx.moveaxis(mx.take(self, starts[:, None] + mx.arange(size), axis=axis), axis + 1, -1)


@rule("torch.linalg.diagonal", view_of="A")
def matrix_diagonal(A, *, offset=0, dim1=-2, dim2=-1):
    return mx.diagonal(A, offset=offset, axis1=dim1, axis2=dim2)


@rule("torch.diagonal", "torch.Tensor.diagonal", view_of="input")
def diagonal(input, offset=0, dim1=0, dim2=1):
    return mx.diagonal(input, offset=offset, axis1=dim1, axis2=dim2)


@rule("torch.Tensor.as_strided_", mutates="input")
@rule("torch.as_strided", "torch.Tensor.as_strided", view_of="input")
def as_strided(input, size, stride, storage_offset=0):
    return mx.as_strided(input, size, stride, storage_offset)


# Sums what broadcasting to `input` has repeated.
@rule("torch.Tensor.sum_to_size")
def sum_to_size(self, *size):
    size = size[0] if known(len(size) == 1) and len(size) == 1 and not isinstance(size[0], int) else size
    ahead = self.ndim - len(size)
    repeated = [axis for axis in range(ahead, self.ndim) if size[axis - ahead] == 1]
    return self.sum(axis=repeated, keepdims=True).sum(axis=list(range(ahead)))


@rule("torch.Tensor.contiguous", "torch.Tensor.cpu", "torch.Tensor.pin_memory", view_of="self")
def contiguous(self, memory_format=None):
    return self


@rule("torch.Tensor.cuda", "torch.Tensor.xpu", view_of="self")
def cuda(self, device=None, non_blocking=False, memory_format=None):
    return self


# A copy is needed only where the result is written to.
@rule("torch.clone", "torch.Tensor.clone", trap="clones")
def clone(input, *, memory_format=None):
    return mx.array(input) if mutated(input) else input


@rule("torch.Tensor.detach", "torch.detach", view_of="self", trap="gradients without a tape")
def detach(self):
    return mx.stop_gradient(self)
