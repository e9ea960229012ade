"""Functions that take and give functions: their results are called in both frameworks."""

import pytest
import torch
from function_parity import CATALOGUE, assert_same, to_mlx

ENTRIES = {entry.qualified: entry.python for entry in CATALOGUE if entry.kind == "rule"}


def outer(a, b):
    return a[:, None] * b


@pytest.mark.parametrize(
    "options",
    [{}, {"in_dims": (0, None)}, {"in_dims": 1, "out_dims": 1}, {"in_dims": (None, 1), "out_dims": 2}],
)
def test_vmap(options):
    shared = options.get("in_dims", 0)
    a, b = torch.randn(3, 3), torch.randn(3, 3)
    if isinstance(shared, tuple):
        a, b = [x if axis is not None else x[0] for x, axis in zip((a, b), shared, strict=True)]
    expected = torch.vmap(outer, **options)(a, b)
    assert_same(expected, ENTRIES["torch.vmap"](outer, **options)(to_mlx(a), to_mlx(b)), "vmap")


@pytest.mark.parametrize("argnums", [0, 1, (0, 1)])
def test_grad(argnums):
    a, b = torch.randn(3), torch.randn(4)

    def loss(a, b):
        return (outer(a, b) ** 2).sum()

    expected = torch.func.grad(loss, argnums)(a, b)
    assert_same(expected, ENTRIES["torch.func.grad"](loss, argnums)(to_mlx(a), to_mlx(b)), "grad")


def test_sizes_of_layers():
    from torch.nn.modules import utils

    definitions = {entry.qualified: entry.python for entry in CATALOGUE if entry.kind == "definition"}
    for name in ("_single", "_pair", "_triple", "_quadruple"):
        ours = definitions[f"torch.nn.modules.utils.{name}"]
        for size in (3, (1, 2), [4, 5]):
            assert ours(size) == getattr(utils, name)(size)
    assert definitions["torch.nn.modules.utils._ntuple"](5)(2) == utils._ntuple(5)(2)
    reverse = "torch.nn.modules.utils._reverse_repeat_tuple"
    assert definitions[reverse]((1, 2), 2) == utils._reverse_repeat_tuple((1, 2), 2)
