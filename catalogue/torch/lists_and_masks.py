"""torch._foreach_* (one operation on every tensor of a list) and torch.masked (reductions of what a mask leaves)."""

from catalogue.torch.scalars import _axis

from mlxify.catalogue import *


# The other operand is one number, or a list of as many.
def _each(other, count):
    if isinstance(other, (tuple, list)):
        return other
    return [other] * count


@rule("torch._foreach_add")
def foreach_add(self, other, *, alpha=1):
    return [one + alpha * two for one, two in zip(self, _each(other, len(self)))]


@rule("torch._foreach_sub")
def foreach_sub(self, other, *, alpha=1):
    return [one - alpha * two for one, two in zip(self, _each(other, len(self)))]


@rule("torch._foreach_mul")
def foreach_mul(self, other):
    return [one * two for one, two in zip(self, _each(other, len(self)))]


@rule("torch._foreach_div")
def foreach_div(self, other):
    return [one / two for one, two in zip(self, _each(other, len(self)))]


@rule("torch._foreach_neg")
def foreach_neg(self):
    return [-one for one in self]


@rule("torch._foreach_sqrt")
def foreach_sqrt(self):
    return [mx.sqrt(one) for one in self]


never(
    "torch._foreach_add_",
    "torch._foreach_sub_",
    "torch._foreach_mul_",
    "torch._foreach_div_",
    "torch._foreach_neg_",
    "torch._foreach_zero_",
    "torch._foreach_lerp_",
    "torch._foreach_addcmul_",
    "torch._foreach_addcdiv_",
    "torch._foreach_reciprocal_",
    "torch._foreach_maximum_",
    "torch._foreach_minimum_",
    "arrays in a list are not written in place",
    suggest="`xs = [x + y for x, y in zip(xs, ys)]`",
)


def _count(mask, axis, keepdim):
    return mask.astype(mx.int32).sum(axis=axis, keepdims=keepdim)


@rule("torch.masked.sum")
def masked_sum(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    kept = input if mask is None else mx.where(mask, input, 0)
    kept = kept if dtype is None else kept.astype(dtype)
    return kept.sum(axis=_axis(input, dim), keepdims=keepdim)


@rule("torch.masked.mean")
def masked_mean(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    if mask is None:
        return input.mean(axis=_axis(input, dim), keepdims=keepdim)
    mask = mx.broadcast_to(mask, input.shape)
    return masked_sum(input, dim, keepdim=keepdim, dtype=dtype, mask=mask) / _count(mask, _axis(input, dim), keepdim)


@rule("torch.masked.var")
def masked_var(input, dim=None, unbiased=True, *, correction=None, keepdim=False, dtype=None, mask=None):
    lost = (1 if unbiased else 0) if correction is None else correction
    if isinstance(lost, float):
        refuse("MLX takes whole corrections of the divisor only")
    if mask is None:
        return input.var(axis=_axis(input, dim), keepdims=keepdim, ddof=lost)
    mask = mx.broadcast_to(mask, input.shape)
    mean = masked_mean(input, dim, keepdim=True, dtype=dtype, mask=mask)
    squares = masked_sum(mx.square(input - mean), dim, keepdim=keepdim, dtype=dtype, mask=mask)
    return squares / (_count(mask, _axis(input, dim), keepdim) - lost)


never("torch.masked.*", "MLX has no masked tensors",
      suggest="fill what the mask excludes first: `mx.where(mask, x, -mx.inf)` before a softmax, 1 before a product")
