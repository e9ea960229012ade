"""In-place methods: each gives the new value, which keeps the dtype of what it replaces."""

from catalogue.torch.arithmetic import fmod
from catalogue.torch.indexing import (
    _filled,
    _grid,
    _on_axis,
    _source,
    _stored,
    index_fill,
    index_put,
    put,
    scatter,
    scatter_reduce,
)
from catalogue.torch.scalars import _scalar

from mlxify.catalogue import *


# `value`, computed from `self` and `other`, in the dtype of `self`: a number cannot change it, another array may.
def _kept(value, self, other):
    if known(is_tensor(other)) and not is_tensor(other):
        return value
    if known(self.dtype == other.dtype) and self.dtype == other.dtype:
        return value
    return value.astype(self.dtype)


@rule("torch.Tensor.add_", mutates="self")
def add_(self, other, *, alpha=1):
    if known(alpha == 1) and alpha == 1:
        return _kept(self + other, self, other)
    return _kept(self + alpha * other, self, other)


@rule("torch.Tensor.sub_", "torch.Tensor.subtract_", mutates="self")
def sub_(self, other, *, alpha=1):
    if known(alpha == 1) and alpha == 1:
        return _kept(self - other, self, other)
    return _kept(self - alpha * other, self, other)


@rule("torch.Tensor.mul_", "torch.Tensor.multiply_", mutates="self")
def mul_(self, other):
    return _kept(self * other, self, other)


@rule("torch.Tensor.div_", "torch.Tensor.divide_", "torch.Tensor.true_divide_", mutates="self", trap="signs of remainders")
def div_(self, other, *, rounding_mode=None):
    if rounding_mode is None:
        return _kept(self / other, self, other)
    if rounding_mode == "floor":
        return _kept(self // other, self, other)
    return mx.trunc(self / other).astype(self.dtype)


@rule("torch.Tensor.floor_divide_", mutates="self")
def floor_divide_(self, other):
    return _kept(self // other, self, other)


@rule("torch.Tensor.remainder_", mutates="self")
def remainder_(self, other):
    return _kept(self % other, self, other)


@rule("torch.Tensor.fmod_", mutates="self", trap="signs of remainders")
def fmod_(self, other):
    return _kept(fmod(self, other), self, other)


@rule("torch.Tensor.pow_", mutates="self")
def pow_(self, exponent):
    return _kept(self**exponent, self, exponent)


@rule("torch.Tensor.addcmul_", mutates="self")
def addcmul_(self, tensor1, tensor2, *, value=1):
    if known(value == 1) and value == 1:
        return _kept(self + tensor1 * tensor2, self, tensor1)
    return _kept(self + value * tensor1 * tensor2, self, tensor1)


@rule("torch.Tensor.addcdiv_", mutates="self")
def addcdiv_(self, tensor1, tensor2, *, value=1):
    if known(value == 1) and value == 1:
        return _kept(self + tensor1 / tensor2, self, tensor1)
    return _kept(self + value * tensor1 / tensor2, self, tensor1)


@rule("torch.Tensor.lerp_", mutates="self")
def lerp_(self, end, weight):
    return _kept(self + weight * (end - self), self, end)


@rule("torch.Tensor.baddbmm_", mutates="self")
def baddbmm_(self, batch1, batch2, *, beta=1, alpha=1):
    return mx.addmm(self, batch1, batch2, alpha=alpha, beta=beta)


@rule("torch.Tensor.addmm_", mutates="self")
def addmm_(self, mat1, mat2, *, beta=1, alpha=1):
    return mx.addmm(self, mat1, mat2, alpha=alpha, beta=beta)


@rule("torch.Tensor.zero_", "torch.zero_", mutates="self")
def zero_(self):
    return mx.zeros_like(self)


# The gradient of `mx.full` with respect to an array that it is filled with is wrong; that of `broadcast_to` is right.
@rule("torch.Tensor.fill_", "torch.fill_", mutates="self")
def fill_(self, value):
    if known(is_tensor(value)) and is_tensor(value):
        return _kept(mx.broadcast_to(value, self.shape), self, value)
    return mx.full_like(self, value)


@rule("torch.Tensor.copy_", mutates="self")
def copy_(self, src, non_blocking=False):
    if known(src.shape == self.shape) and src.shape == self.shape:
        return _kept(src, self, src)
    return _kept(mx.broadcast_to(src, self.shape), self, src)


@rule("torch.Tensor.set_", mutates="self")
def set_(self, source=None):
    refuse("storage cannot be exchanged in MLX", suggest="assign the new array")


@rule("torch.Tensor.masked_fill_", mutates="self", trap="numbers in integers")
def masked_fill_(self, mask, value):
    return _filled(self, mask, value)


@rule("torch.Tensor.masked_scatter_", mutates="self")
def masked_scatter_(self, mask, source):
    mask = mx.broadcast_to(mask, self.shape)
    order = mx.maximum(mx.cumsum(mask.reshape(-1).astype(mx.int32), axis=0) - 1, 0).reshape(mask.shape)
    return mx.where(mask, source.reshape(-1)[mx.minimum(order, source.size - 1)], self)


@rule("torch.Tensor.fill_diagonal_", mutates="self")
def fill_diagonal_(self, fill_value, wrap=False):
    if wrap or self.ndim != 2:
        refuse("only the diagonal of a matrix is written here")
    return mx.where(mx.eye(*self.shape, dtype=mx.bool_), fill_value, self).astype(self.dtype)


@rule("torch.Tensor.triu_", mutates="self")
def triu_(self, diagonal=0):
    return mx.triu(self, k=diagonal)


@rule("torch.Tensor.tril_", mutates="self")
def tril_(self, diagonal=0):
    return mx.tril(self, k=diagonal)


@rule("torch.Tensor.cumsum_", mutates="self")
def cumsum_(self, dim, *, dtype=None):
    return self if _scalar(self) else mx.cumsum(self, axis=dim).astype(self.dtype)


@rule("torch.Tensor.cumprod_", mutates="self")
def cumprod_(self, dim, *, dtype=None):
    return self if _scalar(self) else mx.cumprod(self, axis=dim).astype(self.dtype)


@rule("torch.Tensor.scatter_", mutates="self")
def scatter_(self, dim, index, src=None, *, value=None, reduce=None):
    return scatter(self, dim, index, src, value=value, reduce=reduce)


@rule("torch.Tensor.scatter_add_", mutates="self", trap="repeated indices")
def scatter_add_(self, dim, index, src):
    return self.at[_grid(index, dim)].add(_source(src, index, self))


@rule("torch.Tensor.scatter_reduce_", mutates="self")
def scatter_reduce_(self, dim, index, src, reduce, *, include_self=True):
    return scatter_reduce(self, dim, index, src, reduce, include_self=include_self)


@rule("torch.Tensor.index_add_", mutates="self", trap="repeated indices")
def index_add_(self, dim, index, source, *, alpha=1):
    if _scalar(self):
        return self + alpha * source.reshape(-1).sum()
    if known(alpha == 1 and dim == 0) and alpha == 1 and dim == 0:
        return self.at[index].add(source)
    return self.at[_on_axis(self, dim, index)].add(alpha * source)


@rule("torch.Tensor.index_copy_", mutates="self")
def index_copy_(self, dim, index, source):
    return _stored(self, _on_axis(self, dim, index), source)


@rule("torch.Tensor.index_fill_", mutates="self")
def index_fill_(self, dim, index, value):
    return index_fill(self, dim, index, value)


@rule("torch.Tensor.index_put_", "torch.index_put_", mutates="self", trap="repeated indices")
def index_put_(self, indices, values, accumulate=False):
    return index_put(self, indices, values, accumulate)


@rule("torch.Tensor.unsqueeze_", mutates="self")
def unsqueeze_(self, dim):
    return mx.expand_dims(self, dim)


@rule("torch.Tensor.squeeze_", mutates="self")
def squeeze_(self, dim=None):
    if dim is None:
        return self.squeeze()
    if isinstance(dim, (tuple, list)):
        return self if _scalar(self) else self.squeeze([axis for axis in dim if self.shape[axis] == 1])
    return self.squeeze(dim) if not _scalar(self) and self.shape[dim] == 1 else self


@rule("torch.Tensor.t_", mutates="self")
def t_(self):
    return self.T


@rule("torch.Tensor.transpose_", "torch.Tensor.swapaxes_", "torch.Tensor.swapdims_", mutates="self", trap="order of axes")
def transpose_(self, dim0, dim1):
    return self.swapaxes(dim0, dim1)


@rule("torch.Tensor.detach_", "torch.detach_", mutates="self", trap="gradients without a tape")
def detach_(self):
    return mx.stop_gradient(self)


@rule("torch.Tensor.eq_", mutates="self")
def eq_(self, other):
    return (self == other).astype(self.dtype)


@rule("torch.Tensor.ne_", "torch.Tensor.not_equal_", mutates="self")
def ne_(self, other):
    return (self != other).astype(self.dtype)


@rule("torch.Tensor.lt_", "torch.Tensor.less_", mutates="self")
def lt_(self, other):
    return (self < other).astype(self.dtype)


@rule("torch.Tensor.le_", "torch.Tensor.less_equal_", mutates="self")
def le_(self, other):
    return (self <= other).astype(self.dtype)


@rule("torch.Tensor.gt_", "torch.Tensor.greater_", mutates="self")
def gt_(self, other):
    return (self > other).astype(self.dtype)


@rule("torch.Tensor.ge_", "torch.Tensor.greater_equal_", mutates="self")
def ge_(self, other):
    return (self >= other).astype(self.dtype)


@rule("torch.Tensor.logical_and_", mutates="self")
def logical_and_(self, other):
    return mx.logical_and(self, other).astype(self.dtype)


@rule("torch.Tensor.logical_or_", mutates="self")
def logical_or_(self, other):
    return mx.logical_or(self, other).astype(self.dtype)


@rule("torch.Tensor.logical_not_", mutates="self")
def logical_not_(self):
    return mx.logical_not(self).astype(self.dtype)


@rule("torch.Tensor.bitwise_and_", mutates="self")
def bitwise_and_(self, other):
    return self & other


@rule("torch.Tensor.bitwise_or_", mutates="self")
def bitwise_or_(self, other):
    return self | other


@rule("torch.Tensor.bitwise_xor_", mutates="self")
def bitwise_xor_(self, other):
    return self ^ other


@rule("torch.Tensor.logical_xor_", mutates="self")
def logical_xor_(self, other):
    return mx.not_equal(mx.logical_not(self), mx.logical_not(other)).astype(self.dtype)


@rule("torch.Tensor.normal_", mutates="self", trap="random numbers")
def normal_(self, mean=0, std=1, *, generator=None):
    if known(mean == 0 and std == 1) and mean == 0 and std == 1:
        return mx.random.normal(self.shape, dtype=self.dtype)
    return mx.random.normal(self.shape, dtype=self.dtype, loc=mean, scale=std)


# torch's own name of the lower bound, `from`, is no name in Python: it comes by position.
@rule("torch.Tensor.uniform_", mutates="self", trap="random numbers")
def uniform_(self, low=0, to=1, *, generator=None):
    if known(low == 0 and to == 1) and low == 0 and to == 1:
        return mx.random.uniform(shape=self.shape, dtype=self.dtype)
    return mx.random.uniform(low, to, self.shape, dtype=self.dtype)


@rule("torch.Tensor.bernoulli_", mutates="self", trap="random numbers")
def bernoulli_(self, p=0.5, *, generator=None):
    return mx.random.bernoulli(p, self.shape).astype(self.dtype)


@rule("torch.Tensor.exponential_", mutates="self", trap="random numbers")
def exponential_(self, lambd=1, *, generator=None):
    return -mx.log(1 - mx.random.uniform(shape=self.shape, dtype=self.dtype)) / lambd


@rule("torch.Tensor.random_", mutates="self")
def random_(self, low=0, to=None, *, generator=None):
    if to is None:
        return mx.random.randint(0, low, self.shape).astype(self.dtype)
    return mx.random.randint(low, to, self.shape).astype(self.dtype)


@rule("torch.Tensor.cauchy_", "torch.Tensor.log_normal_", "torch.Tensor.geometric_", mutates="self")
def drawn_(self, *parameters, generator=None):
    refuse("MLX has no draws from this distribution")


@rule("torch.Tensor.put_", mutates="self", trap="repeated indices")
def put_(self, index, source, accumulate=False):
    return put(self, index, source, accumulate)
