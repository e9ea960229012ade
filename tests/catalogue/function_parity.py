"""Runs a rule or attribute of the catalogue and torch itself on the same arguments: values, shapes, dtypes, gradients."""

import inspect
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import torch

from mlxify.catalogue import Entry, Refused, load

torch.set_num_threads(1)

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = load(ROOT / "catalogue")
DTYPES = {
    torch.float32: mx.float32,
    torch.float64: mx.float32,
    torch.float16: mx.float16,
    torch.bfloat16: mx.bfloat16,
    torch.int64: mx.int64,
    torch.int32: mx.int32,
    torch.int16: mx.int16,
    torch.int8: mx.int8,
    torch.uint8: mx.uint8,
    torch.bool: mx.bool_,
    torch.complex64: mx.complex64,
}
# Largest error, relative to the largest magnitude of the tensor: some roundings of float32.
TOLERANCE = 2e-5


def to_mlx(value: Any) -> Any:
    """Tensors as arrays and dtypes as dtypes, through tuples, lists and dicts; anything else as it is."""
    if isinstance(value, torch.Tensor):
        plain = value.detach().float() if value.dtype == torch.bfloat16 else value.detach()
        return mx.array(plain.resolve_conj().numpy()).astype(DTYPES[value.dtype])
    if isinstance(value, torch.dtype):
        return DTYPES[value]
    if isinstance(value, (torch.finfo, torch.iinfo)):
        return getattr(mx, "finfo" if isinstance(value, torch.finfo) else "iinfo")(getattr(mx, value.dtype))
    if isinstance(value, (tuple, list)):
        return tuple(map(to_mlx, value)) if isinstance(value, tuple) else list(map(to_mlx, value))
    if isinstance(value, dict):
        return {key: to_mlx(item) for key, item in value.items()}
    return value


def leaves(tree: Any) -> list[Any]:
    """What a nest of tuples, lists and dicts holds, in order."""
    items = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, (tuple, list)) else None
    return [tree] if items is None else [leaf for item in items for leaf in leaves(item)]


def replaced(tree: Any, kind: type, values: list[Any]) -> Any:
    """The nest with its leaves of `kind` replaced, in order, by `values`, which is used up."""
    if isinstance(tree, kind):
        return values.pop(0)
    if isinstance(tree, dict):
        return {key: replaced(item, kind, values) for key, item in tree.items()}
    if isinstance(tree, (tuple, list)):
        return type(tree)([replaced(item, kind, values) for item in tree]) if type(tree) in (tuple, list) else tree
    return tree


def dtype_class(dtype: Any) -> str:
    """Integers are one class: torch's default is int64, MLX's int32. Floats of different widths are not."""
    name = str(dtype).rsplit(".", 1)[-1].rstrip("_").replace("float64", "float32").replace("complex128", "complex64")
    return "integer" if name.startswith(("int", "uint")) else name


def as_numpy(value: Any) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        value = value.detach().resolve_conj().resolve_neg()
        return (value.float() if value.dtype in (torch.bfloat16, torch.float16) else value).numpy(force=True)
    return np.array(value.astype(mx.float32) if value.dtype in (mx.bfloat16, mx.float16) else value)


def assert_close(expected: Any, actual: Any, what: str, tolerance: float = TOLERANCE) -> None:
    """Same shape and dtype class; whole numbers equal; floats within `tolerance` of the largest magnitude, with NaN and
    infinity where torch has them."""
    assert isinstance(actual, mx.array), f"{what}: {type(actual).__name__} instead of an array"
    assert tuple(expected.shape) == actual.shape, f"{what}: shape {actual.shape} instead of {tuple(expected.shape)}"
    assert dtype_class(expected.dtype) == dtype_class(actual.dtype), (
        f"{what}: {actual.dtype} instead of {expected.dtype}"
    )
    wanted, got = as_numpy(expected), as_numpy(actual)
    if not np.issubdtype(wanted.dtype, np.inexact):
        assert np.array_equal(wanted, got), f"{what}: {got} instead of {wanted}"
        return
    if np.issubdtype(wanted.dtype, np.floating):
        finite = np.isfinite(wanted)
        assert np.array_equal(np.where(finite, 0, wanted), np.where(np.isfinite(got), 0, got), equal_nan=True), (
            f"{what}: {got} instead of {wanted}"
        )
        wanted, got = np.where(finite, wanted, 0), np.where(finite, got, 0)
    if wanted.dtype.itemsize < 4 or expected.dtype in (torch.bfloat16, torch.float16):
        tolerance = 1e-2
    error = float(np.abs(wanted - got).max(initial=0.0))
    scale = max(float(np.abs(wanted).max(initial=0.0)), 1e-3)
    assert error <= tolerance * scale, f"{what}: differs by {error:g} where values reach {scale:g}"


def assert_same(expected: Any, actual: Any, what: str, tolerance: float = TOLERANCE) -> None:
    """Like `assert_close`, through tuples and lists; numbers, dtypes and sizes compare as such."""
    if isinstance(expected, torch.Tensor):
        assert_close(expected, actual, what, tolerance)
    elif isinstance(expected, (tuple, list)):
        assert len(expected) == len(actual), f"{what}: {len(actual)} results instead of {len(expected)}"
        for at, (one, other) in enumerate(zip(expected, actual, strict=True)):
            assert_same(one, other, f"{what}[{at}]", tolerance)
    elif isinstance(expected, torch.dtype):
        assert dtype_class(expected) == dtype_class(actual), f"{what}: {actual} instead of {expected}"
    elif isinstance(expected, np.ndarray):
        assert np.allclose(expected, actual), f"{what}: {actual} instead of {expected}"
    elif isinstance(expected, float):
        assert math.isclose(expected, actual, rel_tol=1e-5) or expected == actual or expected != expected, (
            f"{what}: {actual} instead of {expected}"
        )
    else:
        assert expected == actual, f"{what}: {actual} instead of {expected}"


def torch_object(qualified: str) -> Any:
    """`torch.Tensor.sum` as the object of that name, or None if torch has none."""
    found: Any = torch
    for name in qualified.split(".")[1:]:
        found = getattr(found, name, None)
    return found


@dataclass
class Call:
    """Arguments for torch; the tensors among them are fresh, and are never shared with MLX."""

    args: tuple
    kwargs: dict

    def tensors(self) -> list[torch.Tensor]:
        return [leaf for leaf in leaves([self.args, self.kwargs]) if isinstance(leaf, torch.Tensor)]

    def in_mlx(self) -> tuple[tuple, dict]:
        return to_mlx(self.args), to_mlx(self.kwargs)


def bound(entry: Entry, call: Call) -> Call | None:
    """The call as the entry's signature takes it, None if it does not: the compiler refuses such a call.

    As in the compiler, a star parameter may be given by torch's keyword for it, and numpy's names are known.
    """
    signature = inspect.signature(entry.python)
    args, kwargs = call.args, dict(call.kwargs)
    star = inspect.Parameter.VAR_POSITIONAL
    starred = any(parameter.kind is star for parameter in signature.parameters.values())
    for other, name in (("axis", "dim"), ("keepdims", "keepdim")):
        if other in kwargs and other not in signature.parameters:
            kwargs[name] = kwargs.pop(other)
    for name in ("size", "shape", "dims", "tensors"):
        if starred and name in kwargs and (name not in signature.parameters or signature.parameters[name].kind is star):
            args = (*args, kwargs.pop(name))
    try:
        signature.bind(*args, **kwargs)
    except TypeError:
        return None
    return Call(args, kwargs)


def check_values(entry: Entry, call: Call, tolerance: float = TOLERANCE) -> None:
    function = torch_object(entry.qualified)
    args, kwargs = bound(entry, call).in_mlx()
    actual = entry.python(*args, **kwargs)
    copies = [tensor.detach().clone() for tensor in call.tensors()]
    torch_args, torch_kwargs = replaced([call.args, call.kwargs], torch.Tensor, copies)
    expected = function(*torch_args, **torch_kwargs)
    if entry.mutates:
        assert actual.dtype == DTYPES[expected.dtype], f"{entry.qualified}: {actual.dtype} instead of {expected.dtype}"
    assert_same(expected, actual, entry.qualified, tolerance)


def _projection(results: list[Any]) -> list[np.ndarray]:
    random = np.random.default_rng(7)
    return [random.standard_normal(tuple(result.shape)).astype(np.float32) for result in results]


def _torch_gradients(entry: Entry, call: Call, moving: list[int]) -> tuple[list[int], list[Any], list[Any]] | None:
    """The results that depend on the tensors `moving`, weights for them and the gradients; None if torch has none."""
    inputs = call.tensors()
    variables = [tensor.detach().clone().requires_grad_(at in moving) for at, tensor in enumerate(inputs)]
    # `* 1`: in-place functions do not take leaves of the tape
    given = [variable * 1 if at in moving else variable for at, variable in enumerate(variables)]
    args, kwargs = replaced([call.args, call.kwargs], torch.Tensor, given)
    try:
        results = leaves(torch_object(entry.qualified)(*args, **kwargs))
        tensors = [one if isinstance(one, torch.Tensor) and not one.is_complex() else None for one in results]
        wanted = [at for at, one in enumerate(tensors) if one is not None and one.requires_grad]
        if not wanted:
            return None
        random = np.random.default_rng(7)
        weights = [random.standard_normal(tuple(results[at].shape)).astype(np.float32) for at in wanted]
        loss = sum((results[at] * torch.from_numpy(weight)).sum() for at, weight in zip(wanted, weights, strict=True))
        gradients = torch.autograd.grad(loss, [variables[at] for at in moving], allow_unused=True)
    except RuntimeError:  # torch has no derivative of this call, or a faulty one
        return None
    zeros = [torch.zeros_like(variables[at]) for at in moving]
    return wanted, weights, [zero if one is None else one for one, zero in zip(gradients, zeros, strict=True)]


def check_gradients(entry: Entry, call: Call, tolerance: float = 1e-4) -> bool:
    """Gradients of a random projection of all float results with respect to all float32 tensors; False if none."""
    inputs = call.tensors()
    moving = [at for at, tensor in enumerate(inputs) if tensor.dtype == torch.float32]
    found = _torch_gradients(entry, call, moving) if moving else None
    if found is None:
        return False
    wanted, weights, expected = found
    arrays = [to_mlx(tensor) for tensor in inputs]

    def projected(values: list[mx.array]) -> mx.array:
        mixed = [values[moving.index(at)] if at in moving else array for at, array in enumerate(arrays)]
        taken = bound(entry, Call(*replaced([call.args, call.kwargs], torch.Tensor, mixed)))
        outcome = leaves(entry.python(*to_mlx(taken.args), **to_mlx(taken.kwargs)))
        return sum((outcome[at] * mx.array(weight)).sum() for at, weight in zip(wanted, weights, strict=True))

    actual = mx.grad(projected)([arrays[at] for at in moving])
    if any(tensor.dtype in (torch.bfloat16, torch.float16) for tensor in inputs):
        tolerance = 1e-2
    for at, one, other in zip(moving, expected, actual, strict=True):
        assert_close(one, other, f"{entry.qualified}: gradient of tensor {at}", tolerance)
    return True


def run(entry: Entry, call: Call, gradients: bool, tolerance: float = TOLERANCE) -> str:
    """`passed`, or `refused` where the entry states that it does not convert this call; raises where the two differ."""
    if bound(entry, call) is None:
        return "refused"
    try:
        check_values(entry, call, tolerance)
    except Refused:
        return "refused"
    if gradients:
        check_gradients(entry, call)
    return "passed"
