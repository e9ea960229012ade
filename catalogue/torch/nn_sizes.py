"""The small helpers by which torch.nn reads sizes, which model files import too, and the names of their types."""

from mlxify.catalogue import *


def _repeated(x, count):
    """A number as often as there are axes; a sequence as a tuple."""
    return tuple(x) if hasattr(x, "__iter__") else (x,) * count


@definition("torch.nn.modules.utils._single")
def _single(x):
    """A number as a tuple of one; a sequence as a tuple."""
    return _repeated(x, 1)


@definition("torch.nn.modules.utils._pair")
def _pair(x):
    """A number twice; a sequence as a tuple."""
    return _repeated(x, 2)


@definition("torch.nn.modules.utils._triple")
def _triple(x):
    """A number three times; a sequence as a tuple."""
    return _repeated(x, 3)


@definition("torch.nn.modules.utils._quadruple")
def _quadruple(x):
    """A number four times; a sequence as a tuple."""
    return _repeated(x, 4)


@definition("torch.nn.modules.utils._ntuple")
def _ntuple(n, name="parse"):
    """A function that gives a number `n` times, and a sequence as a tuple."""
    return lambda x: _repeated(x, n)


@definition("torch.nn.modules.utils._reverse_repeat_tuple")
def _reverse_repeat_tuple(t, n):
    """Each element `n` times, the last first: the padding of both sides of each axis, as `pad` wants it."""
    return tuple(x for x in reversed(t) for _ in range(n))


constant(
    "torch.nn.common_types._size_any_t", "torch.nn.common_types._size_1_t", "torch.nn.common_types._size_2_t",
    "torch.nn.common_types._size_3_t", "torch.nn.common_types._size_4_t", "torch.nn.common_types._size_5_t",
    "torch.nn.common_types._size_6_t", "int | tuple[int, ...]",
)
constant(
    "torch.nn.common_types._size_any_opt_t", "torch.nn.common_types._size_2_opt_t",
    "torch.nn.common_types._size_3_opt_t", "int | None | tuple[int | None, ...]",
)
constant(
    "torch.nn.common_types._ratio_any_t", "torch.nn.common_types._ratio_2_t", "torch.nn.common_types._ratio_3_t",
    "float | tuple[float, ...]",
)
