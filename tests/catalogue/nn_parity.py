"""Runs an entry of torch.nn and torch itself on the same numbers: values, and gradients of a random projection."""

import inspect
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import torch
from mlx.utils import tree_flatten

from mlxify.catalogue import load

torch.set_num_threads(1)
mx.disable_compile()  # on a CPU each compiled activation would cost a run of the C++ compiler

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = {
    entry.qualified: entry
    for entry in load(ROOT / "catalogue")
    if entry.kind in ("rule", "module", "definition") and not entry.argument
}
SPECIAL = [entry for entry in load(ROOT / "catalogue") if entry.kind == "definition" and entry.argument]


def entry_for(qualified, args, kwargs):
    """The entry that a call gets: one that is stated for an argument that is passed, else the usual one."""
    usual = ENTRIES[qualified]
    names = list(inspect.signature(usual.python).parameters)[: len(args)]
    for entry in SPECIAL:
        if entry.qualified == qualified and {*names, *kwargs} & set(entry.argument.split(",")):
            return entry
    return usual


DTYPES = {
    torch.float32: mx.float32, torch.float16: mx.float16, torch.bfloat16: mx.bfloat16, torch.int64: mx.int32,
    torch.int32: mx.int32, torch.uint8: mx.uint8, torch.bool: mx.bool_,
}  # fmt: skip
# Largest error, relative to the largest magnitude of the array: some roundings of float32.
TOLERANCE = 2e-5


def to_mlx(value):
    """Tensors as arrays, dtypes as dtypes, through tuples, lists and dicts; anything else as it is."""
    if isinstance(value, torch.Tensor):
        plain = value.detach().float() if value.dtype == torch.bfloat16 else value.detach()
        return mx.array(plain.numpy()).astype(DTYPES[value.dtype])
    if isinstance(value, torch.dtype):
        return DTYPES[value]
    if isinstance(value, (tuple, list)):
        return tuple(map(to_mlx, value)) if isinstance(value, tuple) else list(map(to_mlx, value))
    if isinstance(value, dict):
        return {key: to_mlx(item) for key, item in value.items()}
    return value


def tensors(tree):
    """The tensors of a nest of tuples, lists and dicts, in order."""
    if isinstance(tree, torch.Tensor):
        return [tree]
    items = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, (tuple, list)) else []
    return [tensor for item in items for tensor in tensors(item)]


def arrays(tree):
    """The MLX arrays of a nest of tuples, lists and dicts, in order."""
    if isinstance(tree, mx.array):
        return [tree]
    items = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, (tuple, list)) else []
    return [array for item in items for array in arrays(item)]


def assert_close(expected, actual, what, tolerance=TOLERANCE):
    """Same shape; integers equal, floats within rounding of the largest magnitude; NaN and infinity where torch has them."""
    wanted = expected.detach().double().numpy()
    got = np.array(actual.astype(mx.float32) if actual.dtype == mx.bfloat16 else actual).astype(np.float64)
    assert wanted.shape == got.shape, f"{what}: shape {got.shape} instead of {wanted.shape}"
    finite = np.isfinite(wanted)
    assert np.array_equal(wanted[~finite], got[~finite], equal_nan=True), f"{what}: infinities differ"
    error = np.abs(wanted[finite] - got[finite]).max(initial=0)
    allowed = tolerance * max(0.1, np.abs(wanted[finite]).max(initial=0))
    assert error <= allowed, f"{what}: error {error:.3g} where {allowed:.3g} is allowed"  # NaN fails too


def _floats(tree):
    return [t for t in tensors(tree) if t.is_floating_point()]


def _replace(tree, values):
    """The MLX nest with its float arrays replaced, in order, by an iterator's."""
    if isinstance(tree, mx.array):
        return next(values) if mx.issubdtype(tree.dtype, mx.floating) else tree
    if isinstance(tree, (tuple, list)):
        return type(tree)(_replace(item, values) for item in tree)
    if isinstance(tree, dict):
        return {key: _replace(item, values) for key, item in tree.items()}
    return tree


def compare(reference, converted, args=(), kwargs=None, gradients=True, weights=None, tolerance=TOLERANCE):
    """Checks outputs and, on request, gradients with respect to float inputs and to weights.

    `weights` is a list of triples: a torch parameter, the name of its MLX counterpart, and its layout change as numpy axes.
    """
    call = (tuple(args), kwargs or {})
    floats = _floats(call)
    marked = [t.requires_grad for t in floats]  # a caller may mark what to differentiate; else everything
    copies = [
        t.detach().requires_grad_(gradients and (m or not any(marked))) for t, m in zip(floats, marked, strict=True)
    ]
    inputs = [t for t in copies if t.requires_grad]
    fresh = iter(copies)

    def with_inputs(tree):
        if isinstance(tree, torch.Tensor):
            return next(fresh) * 1 if tree.is_floating_point() else tree
        if isinstance(tree, (tuple, list)):
            return type(tree)(with_inputs(item) for item in tree)
        return {key: with_inputs(item) for key, item in tree.items()} if isinstance(tree, dict) else tree

    torch_args, torch_kwargs = with_inputs(call)
    expected = tensors(reference(*torch_args, **torch_kwargs))
    mlx_call = to_mlx(call)
    actual = arrays(converted(*mlx_call[0], **mlx_call[1]))
    assert len(expected) == len(actual), f"{len(actual)} results instead of {len(expected)}"
    for place, (wanted, got) in enumerate(zip(expected, actual, strict=True)):
        kinds = wanted.is_floating_point(), mx.issubdtype(got.dtype, mx.floating)
        assert kinds[0] == kinds[1], f"result {place}: {got.dtype} instead of {wanted.dtype}"
        assert_close(wanted, got, f"result {place}", tolerance)
    if not gradients:
        return
    random = np.random.default_rng(1)
    projections = [
        torch.from_numpy(random.standard_normal(t.shape).astype(np.float32)) if t.requires_grad else None
        for t in expected
    ]
    total = sum((t * p).sum() for t, p in zip(expected, projections, strict=True) if p is not None)
    if not isinstance(total, torch.Tensor):
        return
    parameters = [parameter for parameter, _, _ in weights or []]
    wanted = torch.autograd.grad(total, inputs + parameters, allow_unused=True)

    def projected(moving, values):
        if values:
            converted.update(values)
        moving = iter(moving)
        given = _replace(mlx_call, iter([next(moving) if t.requires_grad else to_mlx(t) for t in copies]))
        results = arrays(converted(*given[0], **given[1]))
        pairs = zip(results, projections, strict=True)
        return sum((r * mx.array(p.numpy())).sum() for r, p in pairs if p is not None)

    tree = converted.trainable_parameters() if isinstance(converted, nn.Module) else {}
    input_gradients, weight_gradients = mx.grad(projected, argnums=(0, 1))([to_mlx(t) for t in inputs], tree)
    if tree:
        converted.update(tree)
    for place, gradient in enumerate(wanted[: len(inputs)]):
        gradient = torch.zeros_like(inputs[place]) if gradient is None else gradient
        assert_close(gradient, input_gradients[place], f"gradient of input {place}", 5 * tolerance)
    by_name = dict(tree_flatten(weight_gradients))
    for (_, name, axes), gradient in zip(weights or [], wanted[len(inputs) :], strict=True):
        if gradient is not None:
            gradient = gradient.permute(*axes) if axes else gradient
            assert_close(gradient, by_name[name], f"gradient of {name}", 5 * tolerance)


def _axes(layout):
    """ "OIHW->OHWI" as the axes of a permutation."""
    before, after = layout.split("->")
    return tuple(before.index(letter) for letter in after)


def transfer(reference, converted, entry):
    """Draws torch's weights anew, gives them to the MLX module by name; returns the triples that `compare` wants."""
    generator = torch.Generator().manual_seed(0)
    for name, value in reference.state_dict().items():
        if value.is_floating_point():
            drawn = torch.randn(value.shape, generator=generator) * 0.5
            value.copy_(drawn.abs() + 0.5 if "var" in name else drawn)
    layouts = {name: _axes(layout) for name, layout in entry.weights.items()}
    state = {}
    for name, value in reference.state_dict().items():
        axes = layouts.get(name)
        state[name] = to_mlx(value.permute(*axes).contiguous() if axes else value)
    assert {name: value.shape for name, value in tree_flatten(converted.parameters())} == {
        name: value.shape for name, value in state.items()
    }
    if state:
        converted.load_weights(list(state.items()))
    return [(parameter, name, layouts.get(name)) for name, parameter in reference.named_parameters()]


def compare_module(qualified, make, calls, training=False, gradients=True, tolerance=TOLERANCE):
    """Makes a module of torch and its counterpart with the same arguments, gives both the same weights, compares calls.

    `make` is (args, kwargs) of the constructor, `calls` a list of (args, kwargs). Statistics must agree after the calls.
    """
    args, kwargs = make
    kind = qualified.removeprefix("torch.nn.")
    reference = getattr(torch.nn, kind)(*args, **kwargs).train(training)
    entry = entry_for(qualified, args, kwargs)
    converted = entry.python(*to_mlx(args), **to_mlx(kwargs))
    weights = transfer(reference, converted, entry)
    converted.train(training)
    for call_args, call_kwargs in calls:
        # a call with gradients runs MLX twice: its statistics would move twice
        compare(reference, converted, call_args, call_kwargs, gradients and not training, weights, tolerance)
    if training:
        parameters = dict(tree_flatten(converted.parameters()))
        for name, value in reference.named_buffers():
            assert_close(value, parameters[name], name)
        reference.track_running_stats = converted.track_running_stats = False  # gradients alone
        for call_args, call_kwargs in calls if gradients else []:
            compare(reference, converted, call_args, call_kwargs, True, weights, tolerance)
