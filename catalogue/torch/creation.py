"""Tensors from sizes, data and ranges. `device`, `requires_grad`, `pin_memory` and `layout` mean nothing here."""

from catalogue.torch.dtypes import _FLOATS
from catalogue.torch.scalars import _whole

from mlxify.catalogue import *


# zeros(2, 3), zeros((2, 3)), zeros(n), zeros(shape): MLX takes a tuple or an int.
def _size(size):
    if known(len(size) == 1) and len(size) == 1:
        return _whole(size[0])
    return size


@rule("torch.zeros")
def zeros(*size, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    return mx.zeros(_size(size), dtype=dtype)


@rule("torch.ones")
def ones(*size, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    return mx.ones(_size(size), dtype=dtype)


# What `torch.empty` holds is undefined: zeros are as good, and the same on every run.
@rule("torch.empty")
def empty(*size, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, memory_format=None):
    return mx.zeros(_size(size), dtype=dtype)


# `mx.full` makes an int32 array where a float, or a bool from an int, is wanted in an integer or bool dtype.
@rule("torch.full")
def full(size, fill_value, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    if dtype is None:
        return mx.full(size, fill_value)
    if known(dtype in _FLOATS) and dtype in _FLOATS:
        return mx.full(size, fill_value, dtype=dtype)
    if isinstance(fill_value, bool):
        return mx.full(size, fill_value, dtype=dtype)
    return mx.full(size, fill_value).astype(dtype)


@rule("torch.zeros_like", "torch.empty_like")
def zeros_like(input, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None, pin_memory=False):
    return mx.zeros_like(input, dtype=dtype)


@rule("torch.ones_like")
def ones_like(input, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None):
    return mx.ones_like(input, dtype=dtype)


@rule("torch.full_like")
def full_like(input, fill_value, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None):
    return mx.full_like(input, fill_value, dtype=dtype)


@rule("torch.Tensor.new_zeros", "torch.Tensor.new_empty")
def new_zeros(self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    if dtype is None:
        return mx.zeros(_size(size), dtype=self.dtype)
    return mx.zeros(_size(size), dtype=dtype)


@rule("torch.Tensor.new_ones")
def new_ones(self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    if dtype is None:
        return mx.ones(_size(size), dtype=self.dtype)
    return mx.ones(_size(size), dtype=dtype)


@rule("torch.Tensor.new_full")
def new_full(self, size, fill_value, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    if dtype is None:
        return full(size, fill_value, dtype=self.dtype)
    return full(size, fill_value, dtype=dtype)


@rule("torch.Tensor.new_tensor")
def new_tensor(self, data, dtype=None, device=None, requires_grad=False, _of_numpy=False):
    if dtype is None:
        return mx.array(np.array(data) if _of_numpy else data, dtype=self.dtype)
    return mx.array(np.array(data) if _of_numpy else data, dtype=dtype)


# Numbers of other tensors are copied, without their history. MLX's array keeps it. `_of_numpy` is told by the compiler: the data is
# a list of numpy's numbers or arrays, or a range, of which MLX makes no array.
@rule("torch.tensor", trap="single numbers")
def tensor(data, dtype=None, device=None, requires_grad=False, pin_memory=False, _of_numpy=False):
    if _holds_tensors(data):
        return mx.stop_gradient(mx.array(data, dtype=dtype))
    return mx.array(np.array(data) if _of_numpy else data, dtype=dtype)


def _holds_tensors(data):
    if known(isinstance(data, (list, tuple))) and isinstance(data, (list, tuple)):
        return known(len(data)) and any(_holds_tensors(item) for item in data)
    return known(is_tensor(data)) and is_tensor(data)


# A tensor itself keeps its history, numbers in a list do not.
@rule("torch.as_tensor", "torch.asarray", trap="single numbers")
def as_tensor(data, dtype=None, device=None, requires_grad=False, copy=None, _of_numpy=False):
    if known(isinstance(data, (list, tuple))) and isinstance(data, (list, tuple)):
        return tensor(data, dtype, _of_numpy=_of_numpy)
    return mx.array(np.array(data) if _of_numpy else data, dtype=dtype)


@rule("torch.scalar_tensor")
def scalar_tensor(s, *, dtype=mx.float32, layout=None, device=None, requires_grad=False, pin_memory=False):
    return mx.array(s, dtype=dtype)


@rule("torch.from_numpy")
def from_numpy(ndarray):
    return mx.array(ndarray)


# torch.FloatTensor([1, 2]) holds data, torch.FloatTensor(2, 3) is a size; torch.Tensor() is empty.
def _typed(args, dtype, of_numpy=False):
    if known(len(args) == 0) and len(args) == 0:
        return mx.zeros(0, dtype=dtype)
    if known(len(args) == 1) and len(args) == 1 and not isinstance(args[0], int):
        if is_size(args[0]):  # torch.Tensor(x.size())
            return mx.zeros(args[0], dtype=dtype)
        return mx.array(np.array(args[0]) if of_numpy else args[0], dtype=dtype)
    return mx.zeros(args, dtype=dtype)


@rule("torch.Tensor", "torch.FloatTensor", "torch.DoubleTensor", "torch.cuda.FloatTensor")
def float_tensor(*args, device=None, _of_numpy=False):
    return _typed(args, mx.float32, _of_numpy)


@rule("torch.HalfTensor", "torch.cuda.HalfTensor")
def half_tensor(*args, device=None, _of_numpy=False):
    return _typed(args, mx.float16, _of_numpy)


@rule("torch.BFloat16Tensor")
def bfloat16_tensor(*args, device=None, _of_numpy=False):
    return _typed(args, mx.bfloat16, _of_numpy)


@rule("torch.LongTensor", "torch.cuda.LongTensor")
def long_tensor(*args, device=None, _of_numpy=False):
    return _typed(args, mx.int64, _of_numpy)


@rule("torch.IntTensor")
def int_tensor(*args, device=None, _of_numpy=False):
    return _typed(args, mx.int32, _of_numpy)


@rule("torch.ByteTensor")
def byte_tensor(*args, device=None, _of_numpy=False):
    return _typed(args, mx.uint8, _of_numpy)


@rule("torch.BoolTensor", "torch.cuda.BoolTensor")
def bool_tensor(*args, device=None, _of_numpy=False):
    return _typed(args, mx.bool_, _of_numpy)


# x.new(2, 3) is a size, x.new([1, 2]) holds data, both in the dtype of x.
@rule("torch.Tensor.new")
def new(self, *args, device=None):
    if known(len(args) == 0) and len(args) == 0:
        return mx.zeros((0,), dtype=self.dtype)
    return _typed(args, self.dtype)


# A bound that is a tensor must be a number for MLX.
def _number(value):
    if known(is_tensor(value)) and is_tensor(value):
        if known(value.dtype in _FLOATS) and value.dtype not in _FLOATS:
            return int(value)
        return value.item()
    if maybe_tensor(value):
        return _number_of_any(value)
    return value


def _number_of_any(value):
    if isinstance(value, mx.array):
        return value.item()
    return value


# arange(end), arange(start, end, step), arange(end=end)
@rule("torch.arange")
def arange(start=0, end=None, step=1, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    if known(end is None) and end is None:
        return mx.arange(_number(start), dtype=dtype)
    if known(step == 1) and step == 1:
        return mx.arange(_number(start), _number(end), dtype=dtype)
    return mx.arange(_number(start), _number(end), step, dtype=dtype)


# torch.range includes its end.
@rule("torch.range")
def inclusive_range(start=0, end=None, step=1, *, dtype=mx.float32, layout=None, device=None, requires_grad=False):
    return mx.arange(start, end + step / 2, step, dtype=dtype)


@rule("torch.linspace")
def linspace(start, end, steps, *, dtype=None, layout=None, device=None, requires_grad=False):
    return mx.linspace(_number(start), _number(end), steps, dtype=dtype)


@rule("torch.logspace")
def logspace(start, end, steps, base=10.0, *, dtype=None, layout=None, device=None, requires_grad=False):
    if dtype is None:
        return base ** mx.linspace(start, end, steps)
    return (base ** mx.linspace(start, end, steps)).astype(dtype)


@rule("torch.eye")
def eye(n, m=None, *, dtype=None, layout=None, device=None, requires_grad=False):
    if m is None:
        return mx.eye(n, dtype=dtype)
    return mx.eye(n, m, dtype=dtype)


def _cast(values, dtype):
    if dtype is None:
        return values
    return values.astype(dtype)


@rule("torch.tril_indices")
def tril_indices(row, col, offset=0, *, dtype=mx.int32, device=None, layout=None):
    return mx.array(np.stack(np.tril_indices(row, offset, col))).astype(dtype)


@rule("torch.triu_indices")
def triu_indices(row, col, offset=0, *, dtype=mx.int32, device=None, layout=None):
    return mx.array(np.stack(np.triu_indices(row, offset, col))).astype(dtype)


# Windows: torch's default is the periodic one, which is the symmetric one of a length more without its last value.
@rule("torch.hann_window")
def hann_window(window_length, periodic=True, *, dtype=None, layout=None, device=None, requires_grad=False):
    if periodic:
        return _cast(mx.hanning(window_length + 1)[:-1], dtype)
    return _cast(mx.hanning(window_length), dtype)


@rule("torch.hamming_window")
def hamming_window(window_length, periodic=True, *, dtype=None, layout=None, device=None, requires_grad=False):
    if periodic:
        return _cast(mx.hamming(window_length + 1)[:-1], dtype)
    return _cast(mx.hamming(window_length), dtype)


@rule("torch.blackman_window")
def blackman_window(window_length, periodic=True, *, dtype=None, layout=None, device=None, requires_grad=False):
    if periodic:
        return _cast(mx.blackman(window_length + 1)[:-1], dtype)
    return _cast(mx.blackman(window_length), dtype)


@rule("torch.bartlett_window")
def bartlett_window(window_length, periodic=True, *, dtype=None, layout=None, device=None, requires_grad=False):
    if periodic:
        return _cast(mx.bartlett(window_length + 1)[:-1], dtype)
    return _cast(mx.bartlett(window_length), dtype)


@rule("torch.kaiser_window")
def kaiser_window(
    window_length, periodic=True, beta=12.0, *, dtype=None, layout=None, device=None, requires_grad=False
):
    if periodic:
        return _cast(mx.array(np.kaiser(window_length + 1, beta)[:-1]), dtype)
    return _cast(mx.array(np.kaiser(window_length, beta)), dtype)
