"""Whether two MLX files compute the same, on many random numbers: a program of its own, since model code may do anything.

    python equivalence.py VERIFIED MUTANT SAMPLES.json

Prints a JSON object: `equivalent`, and `runs` (how many draws both ran) or the `difference` that was found; `minute` is the largest
difference if none was above what float32 resolves, so that nobody could see it in the model's own precision. Both files get the same
weights and inputs, in float64 where the model runs in it; outputs, gradients and the state after a call in training mode are compared,
and the state that the constructor leaves. Where constructors draw random numbers in another order or number, what many constructions leave
is compared as samples.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import json
import random
import re
import sys
import time
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx.utils import tree_flatten, tree_map, tree_unflatten

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))

from mlxify.workers import mlx_float64

DTYPES = {
    "f16": mx.float16, "bf16": mx.bfloat16, "f32": mx.float32, "f64": mx.float64, "i8": mx.int8, "i16": mx.int16,
    "i32": mx.int32, "i64": mx.int64, "u8": mx.uint8, "bool": mx.bool_, "c64": mx.complex64,
}  # fmt: skip
DRAWS = [(seed, spread) for seed in range(8) for spread in (1.0, 0.02, 12.0)]
FEWEST, SECONDS = 24, 10.0  # draws of all samples, however long they take; no further ones after that time
TOLERANCE = {mx.float64: 1e-11, mx.float32: 1e-6}
RESOLUTION = 1e-6  # of the scale: eight units in the last place of float32
SEEDS, FEWEST_SEEDS, SECONDS_OF_SEEDS = 400, 60, 25.0  # constructions that are compared as samples
DEVIATIONS = 5.0  # standard errors that a mean or a variance of them may be off; elements of an array are many, each may be off by more


class Different(Exception):
    """The two files do not compute the same; the text says where."""


class Minute:
    """The largest difference so far that float32 does not resolve, relative to its scale."""

    worst = 0.0


class Inputs(ast.NodeTransformer):
    """Puts arrays for the tensors of a sample: `f32[2, 8]`, `i64[2, 5; 0, 10]` (written with a call) and `i64([[1, 2]])`."""

    def __init__(self, generator: np.random.Generator, spread: float, real: Any) -> None:
        self.random, self.spread, self.real = generator, spread, real
        self.arrays: dict[str, mx.array] = {}

    def put(self, array: mx.array) -> ast.Name:
        name = f"_array{len(self.arrays)}"
        self.arrays[name] = array.astype(self.real) if array.dtype == mx.float32 else array
        return ast.Name(name, ast.Load())

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "_drawn":
            dtype, shape, *bounds = (ast.literal_eval(a) for a in node.args)
            return self.put(self.drawn(DTYPES[dtype], shape, *bounds))
        if isinstance(node.func, ast.Name) and node.func.id in DTYPES:
            return self.put(mx.array(ast.literal_eval(node.args[0]), dtype=DTYPES[node.func.id]))
        return self.generic_visit(node)

    def drawn(self, dtype: Any, shape: list[int], low: float | None = None, high: float | None = None) -> mx.array:
        if dtype == mx.bool_:
            return mx.array(self.random.random(shape) < 0.5)
        if mx.issubdtype(dtype, mx.integer):
            return mx.array(self.random.integers(low or 0, 10 if high is None else high, shape)).astype(dtype)
        if high is not None:
            return mx.array(self.random.uniform(low, high, shape), dtype=mx.float32).astype(dtype)
        return mx.array(self.random.standard_normal(shape) * self.spread, dtype=mx.float32).astype(dtype)


def readable(call: str) -> ast.expr:
    """The sample's text as Python: `f32[2, 8; 0, 1]` becomes `_drawn("f32", [2, 8], 0, 1)`."""

    def drawn(match: re.Match[str]) -> str:
        shape, _, bounds = match[2].partition(";")
        return f'_drawn("{match[1]}", [{shape}]' + (f", {bounds})" if bounds else ")")

    text = re.sub(r"\b(" + "|".join(DTYPES) + r")\[([-\d\s,;.e+]*)\]", drawn, call)
    return ast.parse(text, mode="eval").body


class OfTorch:
    """What samples make with torch beside tensors of random numbers."""

    linspace, arange, zeros, ones, eye = mx.linspace, mx.arange, mx.zeros, mx.ones, mx.eye
    float32, int64, bool = mx.float32, mx.int32, mx.bool_
    Size = tuple

    @staticmethod
    def tensor(value: Any, dtype: Any = None) -> mx.array:
        return mx.array(value, dtype=dtype)


class OfTorchNN:
    """`nn` in a sample: lists of modules are lists in MLX."""

    ModuleList = staticmethod(list)

    def __getattr__(self, name: str) -> Any:
        return getattr(nn, name)


def loaded(path: str, name: str) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return vars(module)


def evaluated(node: ast.expr, names: dict[str, Any], arrays: dict[str, mx.array], seed: int = 0) -> Any:
    mx.random.seed(seed)
    np.random.seed(seed)
    names = {"torch": OfTorch, **names, "nn": OfTorchNN(), **arrays}
    return eval(compile(ast.fix_missing_locations(ast.Expression(node)), "<sample>", "eval"), names)


def leaves(value: Any) -> list[Any]:
    """Arrays and other results, in order."""
    if isinstance(value, dict):
        return [leaf for key in value for leaf in leaves(value[key])]
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in leaves(item)]
    if hasattr(value, "__dict__") and not isinstance(value, nn.Module):
        return leaves(vars(value))
    return [value]


def compare(one: Any, other: Any, what: str, real: Any) -> None:
    a, b = leaves(one), leaves(other)
    if len(a) != len(b):
        raise Different(f"{what}: {len(a)} and {len(b)} values")
    for x, y in zip(a, b, strict=True):
        if not isinstance(x, mx.array) or not isinstance(y, mx.array):
            if type(x) is not type(y) or (isinstance(x, (int, float, str, bool)) and x != y and x == x):
                raise Different(f"{what}: {x!r} and {y!r}")
            continue
        if x.shape != y.shape or x.dtype != y.dtype:
            raise Different(f"{what}: {x.dtype} {x.shape} and {y.dtype} {y.shape}")
        compare_arrays(np.array(x.astype(mx.float64) if x.dtype != mx.complex64 else x),
                       np.array(y.astype(mx.float64) if y.dtype != mx.complex64 else y), what, real)  # fmt: skip


def compare_arrays(x: np.ndarray, y: np.ndarray, what: str, real: Any) -> None:
    if not np.array_equal(np.isfinite(x), np.isfinite(y)):
        raise Different(f"{what}: not finite in different places")
    finite = np.isfinite(x)
    scale = np.abs(x[finite]).max(initial=0)
    error = np.abs(x[finite] - y[finite]).max(initial=0)
    if TOLERANCE[real] * scale < error <= RESOLUTION * scale:
        Minute.worst = max(Minute.worst, float(error / scale))
    elif error > TOLERANCE[real] * scale:
        raise Different(f"{what}: differs by {error:.1e} of {scale:.1e}")


def state_of(model: Any) -> dict[str, mx.array]:
    return dict(tree_flatten(nn.Module.parameters(model))) if isinstance(model, nn.Module) else {}


def draw(model: nn.Module, generator: np.random.Generator, real: Any) -> dict[str, mx.array]:
    """Weights as the verifier draws them: matrices by their fan-in, all else near what was constructed."""
    state = {}
    for name, value in state_of(model).items():
        if not mx.issubdtype(value.dtype, mx.floating):
            continue
        noise = generator.standard_normal(value.shape)
        if name.endswith("running_var"):
            new = generator.uniform(0.5, 1.5, value.shape)
        elif value.ndim >= 2 and max(value.shape[:-1]) > 1:
            new = noise / np.sqrt(np.prod(value.shape[1:]))
        else:
            new = np.array(value.astype(mx.float32)) + 0.2 * noise
        state[name] = mx.array(new, dtype=mx.float32).astype(real)
    return state


class Side:
    """One of the two files, with a model built for a sample."""

    def __init__(self, names: dict[str, Any], sample: ast.expr, real: Any) -> None:
        self.names, self.sample, self.real = names, sample, real
        self.builder = sample.func if isinstance(sample, ast.Call) else None
        method = None
        if isinstance(self.builder, ast.Attribute):
            method, self.builder = self.builder.attr, self.builder.value
        built = evaluated(self.builder, names, {}) if isinstance(self.builder, ast.Call) else None
        self.model = built if isinstance(built, nn.Module) else None
        self.target = getattr(built, method) if method else built
        if built is None:
            self.target = evaluated(sample.func, names, {})

    def outputs(self, arrays: dict[str, mx.array], call: ast.Call, training: bool) -> Any:
        random.seed(1)
        if self.model is not None:
            nn.Module.train(self.model, training)
        # what the file casts to float32 is float64 in a run in float64, or the mutant that drops the cast would be more exact
        wide = mlx_float64.in_force() if self.real == mx.float64 else contextlib.nullcontext()
        with wide:
            return evaluated(
                ast.Call(ast.Name("_target", ast.Load()), call.args, call.keywords),
                {**self.names, "_target": self.target},
                arrays,
                seed=1,
            )

    def constructed(self, seed: int) -> dict[str, np.ndarray]:
        """What the constructor leaves by that seed."""
        random.seed(seed)
        state = state_of(evaluated(self.builder, self.names, {}, seed))
        return {name: np.array(value.astype(mx.float32)) for name, value in state.items() if value.dtype != mx.complex64}

    def gradients(self, arrays: dict[str, mx.array], call: ast.Call) -> Any:
        floating = {k: v for k, v in arrays.items() if mx.issubdtype(v.dtype, mx.floating)}
        rest = {k: v for k, v in arrays.items() if k not in floating}

        def total(weights: Any, given: dict[str, mx.array]) -> mx.array:
            if self.model is not None:
                nn.Module.update(self.model, weights)  # a model may have methods of these names
            result = self.outputs({**given, **rest}, call, False)
            parts = [
                leaf for leaf in leaves(result) if isinstance(leaf, mx.array) and mx.issubdtype(leaf.dtype, mx.floating)
            ]
            return sum((part * mx.cos(mx.arange(part.size).reshape(part.shape))).sum() for part in parts)

        weights = nn.Module.trainable_parameters(self.model) if self.model is not None else {}
        return mx.grad(total, argnums=(0, 1))(weights, floating)


def compare_draw(sides: list[Side], sample: ast.Call, seed: int, spread: float, real: Any) -> None:
    generator = np.random.default_rng(seed)
    if sides[0].model is not None:
        weights = draw(sides[0].model, generator, real)
        for side in sides:
            own = [(name, mx.array(value)) for name, value in weights.items()]  # a model may write into its weights
            nn.Module.update(side.model, tree_unflatten(own))
    for training in (False, True):
        inputs = Inputs(np.random.default_rng([seed, 1]), spread, real)
        call = inputs.visit(ast.parse(ast.unparse(sample), mode="eval").body)
        results, errors = [], []
        for side in sides:
            try:
                results.append([side.outputs(inputs.arrays, call, training), state_of(side.model)])
                mx.eval([leaf for leaf in leaves(results[-1]) if isinstance(leaf, mx.array)])
                errors.append("")
            except Exception as error:  # any error of a model is a result
                errors.append(f"{type(error).__name__}: {error}")
        if any(errors):
            if not all(errors):
                raise Different(f"one raises: {max(errors)[:150]}")
            raise RuntimeError(errors[0])
        compare(results[0], results[1], "output in training mode" if training else "output", real)
    try:
        first = sides[0].gradients(inputs.arrays, call)
    except Exception:  # no gradient in MLX, of either
        return
    compare(first, sides[1].gradients(inputs.arrays, call), "gradient", real)


def compare_constructed(sides: list[Side], states: list[dict[str, mx.array]]) -> None:
    """What both constructors leave: the same by one seed, or, of random numbers in another order, alike over many seeds."""
    try:
        return compare(states[0], states[1], "what the constructor leaves", mx.float32)
    except Different as difference:
        one, other = constructions(sides)
        if not one or not all(alike(one[name], other[name]) for name in one):
            raise difference from None


def constructions(sides: list[Side]) -> list[dict[str, np.ndarray]]:
    """Of each side, all arrays by SEEDS seeds, stacked: (seeds, elements). Nothing if there is no time for enough of them."""
    begin, found = time.monotonic(), [[], []]
    for seed in range(SEEDS):
        for side, states in zip(sides, found, strict=True):
            states.append(side.constructed(1000 + seed))
        if time.monotonic() - begin > SECONDS_OF_SEEDS:
            break
    if len(found[0]) < FEWEST_SEEDS:
        return [{}, {}]
    return [{name: np.stack([state[name].reshape(-1) for state in states]) for name in states[0]} for states in found]


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays of (seeds, elements) are samples of one distribution, as far as mean and variance of each element and of all tell."""
    constant = (one == one[0]).all(0)
    if not np.array_equal(constant, (other == other[0]).all(0)) or not np.array_equal(one[0][constant], other[0][constant]):
        return False
    one, other = (x[:, ~constant].astype(np.float64) for x in (one, other))
    if not one.size:
        return True
    for axis, allowed in ((0, DEVIATIONS + 1), (None, DEVIATIONS)):
        count = len(one) if axis == 0 else one.size
        means, variances = [x.mean(axis) for x in (one, other)], [x.var(axis) for x in (one, other)]
        fourth = ((one - means[0]) ** 4).mean(axis)
        error = np.sqrt((variances[0] + variances[1]) / count)
        error_of_variance = np.sqrt(2 * np.maximum(fourth - variances[0] ** 2, variances[0] ** 2 / 2) / count)
        if (np.abs(means[0] - means[1]) > allowed * error).any():
            return False
        if (np.abs(variances[0] - variances[1]) > allowed * error_of_variance).any():
            return False
    return True


def compare_sample(names: list[dict[str, Any]], text: str, real: Any, samples: int) -> int:
    runs = 0
    sample = readable(text)
    sides = [Side(n, sample, real) for n in names]
    if sides[0].model is not None:
        states = [state_of(side.model) for side in sides]
        if states[0].keys() != states[1].keys():
            raise Different("other parameters")
        compare_constructed(sides, states)
        for side in sides:
            wide = tree_map(lambda x: x.astype(real) if x.dtype == mx.float32 else x, nn.Module.parameters(side.model))
            nn.Module.update(side.model, wide)
    begin = time.monotonic()
    for seed, spread in DRAWS:
        compare_draw(sides, sample, seed, spread, real)
        runs += 1
        if runs >= max(2, FEWEST / samples) and time.monotonic() - begin > SECONDS / samples:
            break
    return runs


def main() -> None:
    verified, mutant, samples = sys.argv[1:]
    mx.set_default_device(mx.cpu)
    names = [loaded(verified, "verified"), loaded(mutant, "mutant")]
    runs, problems = 0, []
    try:
        texts = json.loads(Path(samples).read_text())
        for text in texts:
            for real in (mx.float64, mx.float32):
                try:
                    runs += compare_sample(names, text, real, len(texts))
                    break
                except Different:
                    raise
                except Exception as error:  # not in float64, or not at all
                    problems.append(f"{text[:80]}: {type(error).__name__}: {error}"[:200])
        answer = {"equivalent": runs > 0 and not Minute.worst, "runs": runs, "problems": problems}
        if runs > 0 and Minute.worst:
            answer["minute"] = Minute.worst
    except Different as difference:
        answer = {"equivalent": False, "difference": str(difference)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
