"""Compares a definition of a library folder with the library, or with its plain-torch reference, on the same numbers."""

import mlx.core as mx
import mlx.nn as mlx_nn
import numpy as np
import torch
from mlx.utils import tree_flatten, tree_unflatten

torch.set_num_threads(1)

DTYPES = {torch.float32: mx.float32, torch.bfloat16: mx.bfloat16, torch.int64: mx.int32, torch.int32: mx.int32}
# Largest error, relative to the largest magnitude of the array: some roundings of the type.
TOLERANCE = {torch.float32: 2e-5, torch.bfloat16: 2**-6}


def to_mlx(value):
    """A tensor, or a nest of tensors, as MLX arrays; anything else as it is."""
    if isinstance(value, torch.Tensor):
        plain = value.detach().float() if value.is_floating_point() else value.detach()
        return mx.array(plain.numpy()).astype(DTYPES.get(value.dtype, mx.bool_))
    if isinstance(value, (tuple, list)):
        return type(value)(to_mlx(item) for item in value)
    return value


def load(converted, reference):
    """Gives an MLX module the parameters of a torch module, by name; names and shapes must agree one to one."""
    weights = {name: to_mlx(value) for name, value in reference.state_dict().items()}
    assert {name: value.shape for name, value in tree_flatten(converted.parameters())} == {
        name: value.shape for name, value in weights.items()
    }
    converted.load_weights(list(weights.items()))


def leaves(tree):
    """The values of nested tuples and lists, in order."""
    if isinstance(tree, (tuple, list)):
        return [leaf for item in tree for leaf in leaves(item)]
    return [tree]


def assert_same(expected, actual, what):
    """Same structure, shapes and dtypes (int64 is int32 in MLX); values within rounding."""
    if not isinstance(expected, torch.Tensor):
        assert type(expected) is type(actual), what
        assert expected == actual, what
        return
    assert isinstance(actual, mx.array), what
    assert tuple(expected.shape) == actual.shape, what
    assert DTYPES.get(expected.dtype, mx.bool_) == actual.dtype, what
    if not expected.is_floating_point():
        assert np.array_equal(expected.numpy(), np.array(actual)), what
        return
    wanted, got = expected.detach().double().numpy(), np.array(actual.astype(mx.float32)).astype(np.float64)
    assert np.isfinite(got).all(), what
    allowed = TOLERANCE[expected.dtype] * max(1e-3, np.abs(wanted).max(initial=0))
    assert np.abs(wanted - got).max(initial=0) <= allowed, f"{what}: {np.abs(wanted - got).max()} > {allowed}"


def _projections(outputs):
    """A standard normal for each float output, so that all of them enter one number."""
    random = np.random.default_rng(1)
    floats = [isinstance(leaf, torch.Tensor) and leaf.is_floating_point() for leaf in outputs]
    return [
        random.standard_normal(leaf.shape, np.float32) if f else None for leaf, f in zip(outputs, floats, strict=True)
    ]


def _torch_gradients(reference, arguments):
    """Outputs, their projections, and the gradient by name of every float argument and parameter."""
    arguments = {
        name: value.clone().requires_grad_() if isinstance(value, torch.Tensor) and value.is_floating_point() else value
        for name, value in arguments.items()
    }
    wanted = {
        name: value for name, value in arguments.items() if isinstance(value, torch.Tensor) and value.requires_grad
    }
    if isinstance(reference, torch.nn.Module):
        wanted |= {f"weight {name}": value for name, value in reference.named_parameters()}
    # a leaf that needs a gradient cannot be changed in place: hand over what the caller would, a result
    outputs = leaves(reference(**{k: v * 1 if k in wanted else v for k, v in arguments.items()}))
    projections = _projections(outputs)
    total = sum(
        (leaf.float() * torch.from_numpy(p)).sum()
        for leaf, p in zip(outputs, projections, strict=True)
        if p is not None
    )
    gradients = torch.autograd.grad(total, list(wanted.values()), allow_unused=True)
    return outputs, projections, dict(zip(wanted, gradients, strict=True))


def compare(reference, converted, gradients=True, **arguments):
    """Outputs, and gradients of a random projection with respect to all float arguments and parameters, must agree."""
    if isinstance(reference, torch.nn.Module):
        load(converted, reference)
    if gradients:
        expected, projections, expected_gradients = _torch_gradients(reference, arguments)
    else:
        expected = leaves(reference(**arguments))
    given = {name: to_mlx(value) for name, value in arguments.items()}
    # mx.array: a definition may change its argument in place, as the library does
    actual = leaves(converted(**{k: mx.array(v) if isinstance(v, mx.array) else v for k, v in given.items()}))
    assert len(expected) == len(actual)
    for place, (wanted, got) in enumerate(zip(expected, actual, strict=True)):
        assert_same(wanted, got, f"output {place}")
    if not gradients:
        return

    def total(floats, parameters):
        if isinstance(converted, mlx_nn.Module):
            converted.update(parameters)
        outputs = leaves(converted(**given | {name: value * 1 for name, value in floats.items()}))
        pairs = zip(outputs, projections, strict=True)
        return sum((leaf.astype(mx.float32) * mx.array(p)).sum() for leaf, p in pairs if p is not None)

    floats = {name: given[name] for name in expected_gradients if not name.startswith("weight ")}
    parameters = converted.parameters() if isinstance(converted, mlx_nn.Module) else {}
    by_argument, by_parameter = mx.grad(total, argnums=(0, 1))(floats, parameters)
    got = by_argument | {f"weight {name}": value for name, value in tree_flatten(by_parameter)}
    for name, wanted in expected_gradients.items():
        if wanted is not None:
            assert_same(wanted, got[name], f"gradient of {name}")
    if isinstance(converted, mlx_nn.Module):
        converted.update(tree_unflatten(tree_flatten(parameters)))
