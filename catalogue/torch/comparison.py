"""Comparisons, logic and bits."""

from catalogue.torch.indexing import _filled_apart

from mlxify.catalogue import *


@rule("torch.eq", "torch.Tensor.eq")
def eq(input, other):
    return input == other


@rule("torch.ne", "torch.not_equal", "torch.Tensor.ne", "torch.Tensor.not_equal")
def ne(input, other):
    return input != other


@rule("torch.lt", "torch.less", "torch.Tensor.lt", "torch.Tensor.less")
def lt(input, other):
    return input < other


@rule("torch.le", "torch.less_equal", "torch.Tensor.le", "torch.Tensor.less_equal")
def le(input, other):
    return input <= other


@rule("torch.gt", "torch.greater", "torch.Tensor.gt", "torch.Tensor.greater")
def gt(input, other):
    return input > other


@rule("torch.ge", "torch.greater_equal", "torch.Tensor.ge", "torch.Tensor.greater_equal")
def ge(input, other):
    return input >= other


# One bool in torch; `mx.equal` compares element by element.
@rule("torch.equal", "torch.Tensor.equal", trap="equality of arrays")
def equal(input, other):
    return mx.array_equal(input, other).item()


@rule("torch.allclose", "torch.Tensor.allclose")
def allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    return mx.allclose(input, other, rtol=rtol, atol=atol, equal_nan=equal_nan).item()


@rule("torch.isclose", "torch.Tensor.isclose")
def isclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    return mx.isclose(input, other, rtol=rtol, atol=atol, equal_nan=equal_nan)


@rule("torch.isnan", "torch.Tensor.isnan")
def isnan(input):
    return mx.isnan(input)


@rule("torch.isinf", "torch.Tensor.isinf")
def isinf(input):
    return mx.isinf(input)


@rule("torch.isfinite", "torch.Tensor.isfinite")
def isfinite(input):
    return mx.isfinite(input)


@rule("torch.isposinf", "torch.Tensor.isposinf")
def isposinf(input):
    return mx.isposinf(input)


@rule("torch.isneginf", "torch.Tensor.isneginf")
def isneginf(input):
    return mx.isneginf(input)


@rule("torch.isreal", "torch.Tensor.isreal")
def isreal(input):
    return mx.imag(input) == 0


@rule("torch.isin")
def isin(elements, test_elements, *, assume_unique=False, invert=False):
    if invert:
        return (elements[..., None] != test_elements.reshape(-1)).all(axis=-1)
    return (elements[..., None] == test_elements.reshape(-1)).any(axis=-1)


@rule("torch.is_nonzero", "torch.Tensor.is_nonzero")
def is_nonzero(input):
    return bool(input.item())


@rule("torch.logical_and", "torch.Tensor.logical_and")
def logical_and(input, other):
    return mx.logical_and(input, other)


@rule("torch.logical_or", "torch.Tensor.logical_or")
def logical_or(input, other):
    return mx.logical_or(input, other)


@rule("torch.logical_xor", "torch.Tensor.logical_xor")
def logical_xor(input, other):
    return mx.not_equal(mx.logical_not(input), mx.logical_not(other))


@rule("torch.logical_not", "torch.Tensor.logical_not")
def logical_not(input):
    return mx.logical_not(input)


@rule("torch.bitwise_and", "torch.Tensor.bitwise_and")
def bitwise_and(input, other):
    return input & other


@rule("torch.bitwise_or", "torch.Tensor.bitwise_or")
def bitwise_or(input, other):
    return input | other


@rule("torch.bitwise_xor", "torch.Tensor.bitwise_xor")
def bitwise_xor(input, other):
    return input ^ other


@rule("torch.bitwise_not", "torch.Tensor.bitwise_not")
def bitwise_not(input):
    return ~input


@rule("torch.bitwise_left_shift", "torch.Tensor.bitwise_left_shift")
def bitwise_left_shift(input, other):
    return input << other


@rule("torch.bitwise_right_shift", "torch.Tensor.bitwise_right_shift")
def bitwise_right_shift(input, other):
    return input >> other


# where(condition) alone gives the indices of what is true.
@rule("torch.where", trap="gradients of branches")
def where(condition, input=None, other=None):
    if input is None:
        return tuple(mx.array(axis.astype(np.int32)) for axis in np.nonzero(np.array(condition)))
    if selects_gradient(input) and known(is_tensor(other)) and is_tensor(other):
        return _filled_apart(other, condition, input)
    if selects_gradient(other) and known(is_tensor(input)) and is_tensor(input):
        return _filled_apart(input, mx.logical_not(condition), other)
    return mx.where(condition, input, other)


@rule("torch.Tensor.where")
def where_else(self, condition, other):
    return mx.where(condition, self, other)
