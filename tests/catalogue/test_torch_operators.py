"""PyTorch's own samples of its operators (`op_db`), run through the rules; and the count that no entry stays untested."""

import inspect
import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from function_parity import Call, Entry, run, torch_object
from test_torch_functions import COMPARED, ENTRIES, NO_GRADIENT, NOT_COMPARED
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.opinfo.core import OpInfo

# The first samples of an operator are its plainest; the later ones are of ranks, broadcasts and corners.
SAMPLES = 6

# Operators whose results are drawn, undefined or unique up to order and sign only: tested by themselves.
ELSEWHERE = {"linalg.lstsq", "linalg.eig", "linalg.eigvals", "linalg.eigh", "empty", "empty_like", "bernoulli", "multinomial"}
ELSEWHERE |= {"svd", "linalg.svd", "qr", "linalg.qr"}
ELSEWHERE |= {"normal", "randint", "randint_like", "randn", "randn_like", "rand_like", "uniform", "exponential"}
# Samples at which MLX raises an error of its own: nothing goes wrong in silence, but the call is not converted.
RAISES = {
    "broadcast_shapes": "a lone int as a shape",
    "masked_scatter": "a mask of higher rank than what it masks",
    "tensordot": "an axis of size 1 contracted with a longer one",
}
# Samples at which MLX's backward pass raises, or gives another valid or less accurate answer.
GRADIENT_DIFFERS = {
    "logcumsumexp": "MLX's gradient is accurate to three digits only",
    "masked.mean": "not a number where nothing is left of a mean",
    "index_reduce": "MLX has no gradient of a scattered product",
    "scatter_reduce": "MLX has no gradient of a scattered product",
    "linalg.norm": "not a number at zero, where torch gives zero; none of singular values",
    "linalg.matrix_norm": "MLX has no gradient of singular values",
    "linalg.vector_norm": "not a number at zero, where torch gives zero",
}


def operators() -> list[tuple[OpInfo, Entry]]:
    """Operators of the database that call exactly the function or method of an entry."""
    by_name = {entry.qualified: entry for entry in ENTRIES if entry.kind == "rule"}
    found = []
    for operator in op_db:
        for qualified in (f"torch.{operator.name}", f"torch.Tensor.{operator.name}"):
            if qualified in by_name and operator.op is torch_object(qualified):
                found.append((operator, by_name[qualified]))
                break
    return found


OPERATORS = [
    (operator, entry)
    for operator, entry in operators()
    if torch.float32 in operator.dtypes and operator.name not in ELSEWHERE and operator.variant_test_name != "partial_views"
]  # fmt: skip


def unusual(call: Call) -> bool:
    """Empty tensors, on which some of MLX's kernels crash, and axes of scalars, which MLX does not take."""
    return any(
        tensor.numel() == 0 or (tensor.ndim == 0 and len(call.args) + len(call.kwargs) > 1) for tensor in call.tensors()
    )


def usual_calls(operator: OpInfo) -> Iterator[Call]:
    """The first `SAMPLES` usual calls among a larger number of samples."""
    samples = itertools.islice(operator.sample_inputs("cpu", torch.float32), 10 * SAMPLES)
    calls = (Call((sample.input, *sample.args), dict(sample.kwargs)) for sample in samples)
    return itertools.islice((call for call in calls if not unusual(call)), SAMPLES)


@pytest.mark.parametrize(("operator", "entry"), OPERATORS, ids=lambda value: getattr(value, "formatted_name", None))
def test_operator(operator: OpInfo, entry: Entry) -> None:
    """Every sample is converted rightly or refused."""
    with_gradients = entry.qualified not in NO_GRADIENT and operator.name not in GRADIENT_DIFFERS
    with_gradients = with_gradients and Path(inspect.getfile(entry.python)).stem != "decompositions"
    passed = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for call in usual_calls(operator):
            try:
                passed += run(entry, call, gradients=False) == "passed"
            except AssertionError:
                raise
            except Exception:
                assert operator.name in RAISES
                continue
            if with_gradients and operator.supports_autograd:
                run(entry, call, gradients=True)
    if not passed:
        pytest.skip("no sample that is converted")


def test_every_entry_is_compared() -> None:
    compared = {entry.python for entry, _ in COMPARED} | {entry.python for _, entry in OPERATORS}
    elsewhere = {"random", "decompositions"}
    missing = [
        entry.qualified
        for entry in ENTRIES
        if entry.python not in compared
        and Path(inspect.getfile(entry.python)).stem not in elsewhere
        and not any(other.python is entry.python and other.qualified in NOT_COMPARED for other in ENTRIES)
        and not entry.qualified.endswith(("normal_", "uniform_", "bernoulli_", "exponential_", "random_"))
    ]
    assert not missing
