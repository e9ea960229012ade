"""The samples of PyTorch's database of operators, as calls that a user would write."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from spelling import Parameters, Unwritable, index_text
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.opinfo.core import OpInfo, SampleInput

# Of an operator, the first samples (its plainest) and as many again, spread over the rest of the first hundreds.
PLAIN = 8
SPREAD = 8
LOOKED_AT = 300

# Results that are memory as it was found, or drawn in a way that the two frameworks cannot share.
SHAPES_ONLY = {
    "exponential", "empty", "empty_like", "empty_strided", "empty_permuted", "new_empty", "new_empty_strided", "cauchy", "geometric",
    "log_normal", "nn.functional.alpha_dropout", "nn.functional.feature_alpha_dropout", "nn.functional.rrelu",
    "nn.functional.fractional_max_pool2d", "nn.functional.fractional_max_pool3d", "nn.functional.gumbel_softmax",
}  # fmt: skip
# Drawn over what stands there: how the shared numbers get there says nothing of a derivative.
DRAWN = {"normal", "uniform"}
REFLECTED = {
    "__radd__": "+", "__rsub__": "-", "__rmul__": "*", "__rdiv__": "/", "__rmod__": "%", "__rpow__": "**",
    "__rmatmul__": "@", "__rand__": "&", "__ror__": "|", "__rxor__": "^",
}  # fmt: skip
BINARY = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "floor_divide": "//", "remainder": "%", "pow": "**", "matmul": "@",
    "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "bitwise_and": "&", "bitwise_or": "|",
    "bitwise_xor": "^",
}  # fmt: skip
UNARY = {"neg": "-", "bitwise_not": "~"}
AUGMENTED = {"add": "+=", "sub": "-=", "mul": "*=", "div": "/="}
# Wrappers of the database that take their arguments in another order than the function they call.
ORDERS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "polygamma": lambda given: [given[1], given[0], *given[2:]],
    "special.polygamma": lambda given: [given[1], given[0], *given[2:]],
    "where": lambda given: [given[1], given[0], *given[2:]],
    "einsum": lambda given: [given[1], *given[0]],
    "nn.functional.embedding": lambda given: [given[1], given[0], *given[2:]],
    "nn.functional.embedding_bag": lambda given: [given[1], given[0], *given[2:]],
}
# Unique up to signs or order only: what is compared is what they make together.
PRODUCTS = {
    "svd": ["u, s, v = {call}", "return s, (u * s[..., None, :]) @ v.mH"],
    "linalg.svd": [
        "u, s, vh = {call}",
        "return s, (u[..., : s.shape[-1]] * s[..., None, :]) @ vh[..., : s.shape[-1], :]",
    ],
    "qr": ["q, r = {call}", "return q @ r"],
    "linalg.qr": ["q, r = {call}", "return q @ r"],
    "linalg.eigh": ["w, v = {call}", "return w, (v * w[..., None, :]) @ v.mH"],
    "linalg.eigvals": ["w = {call}", "return w.abs().sort()[0]"],
    "linalg.eig": ["w, v = {call}", "return w.abs().sort()[0], v.abs().sum()"],
}


@dataclass
class Writing:
    """One spelling of a sample: `write` gives the call's text from parameters, `statement` makes it change its subject."""

    spelling: str
    qualified: str
    write: Callable[[Parameters], str]
    statement: bool = False


def name_of(operator: OpInfo) -> str:
    return f"{operator.name} ({operator.variant_test_name})" if operator.variant_test_name else operator.name


def attribute(path: str) -> Any:
    found: Any = torch
    for part in path.split("."):
        found = getattr(found, part, None)
    return found


def qualified_names(operator: OpInfo) -> list[str]:
    """All names by which the operator can be called; the first that exist decide whether the catalogue has it."""
    names = [operator.name, *(alias.name for alias in operator.aliases)]
    found = [f"torch.{name}" for name in names if attribute(name) is not None]
    found += [f"torch.Tensor.{name}" for name in names if attribute(f"Tensor.{name}") is not None]
    found += [f"torch.Tensor.{name}_" for name in names if attribute(f"Tensor.{name}_") is not None]
    return found


def operators() -> list[OpInfo]:
    return [operator for operator in op_db if torch.float32 in operator.dtypes]


def samples(operator: OpInfo) -> list[SampleInput]:
    torch.manual_seed(0)
    every = list(itertools.islice(operator.sample_inputs("cpu", torch.float32), LOOKED_AT))
    step = max(1, -(-(len(every) - PLAIN) // SPREAD))
    return every[:PLAIN] + every[PLAIN::step]


def _spelled(qualified: str) -> str:
    return re.sub(r"^torch\.nn\.functional\.", "F.", qualified)


def _arguments(parameters: Parameters, values: list[Any], keywords: dict[str, Any], names: list[str]) -> list[str]:
    texts = [parameters.text(value, name) for value, name in zip(values, names, strict=False)]
    return texts + [f"{name}={parameters.text(value, name)}" for name, value in keywords.items()]


def _call(function: str, values: list[Any], keywords: dict[str, Any]) -> Callable[[Parameters], str]:
    names = ["input", *(f"argument{at}" for at in range(1, len(values)))]
    return lambda parameters: f"{function}({', '.join(_arguments(parameters, values, keywords, names))})"


def _method(name: str, values: list[Any], keywords: dict[str, Any]) -> Callable[[Parameters], str]:
    def write(parameters: Parameters) -> str:
        subject = parameters.text(values[0], "input")
        names = [f"argument{at}" for at in range(1, len(values))]
        return f"{subject}.{name}({', '.join(_arguments(parameters, values[1:], keywords, names))})"

    return write


def _infix(symbol: str, left: Any, right: Any) -> Callable[[Parameters], str]:
    return lambda parameters: f"{parameters.text(left, 'input')} {symbol} {parameters.text(right, 'other')}"


def _subscript(subject: Any, index: Any) -> Callable[[Parameters], str]:
    def write(parameters: Parameters) -> str:
        name = parameters.text(subject, "input")
        return f"{name}[{index_text(index, lambda part: parameters.text(part, 'index'))}]"

    return write


def parameter_names(qualified: str, function: Any) -> Iterator[list[str]]:
    """Possible names of the positional parameters, from the function itself or from the schemas of its overloads."""
    try:
        yield [
            name
            for name, parameter in inspect.signature(function).parameters.items()
            if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        ]
        return
    except (TypeError, ValueError):
        pass
    base = qualified.removeprefix("torch.").removeprefix("Tensor.").removeprefix("nn.functional.").replace(".", "_")
    for schema in torch._C._jit_get_schemas_for_operator(f"aten::{base}"):
        names = [argument.name for argument in schema.arguments if not argument.kwarg_only]
        yield ["input" if name == "self" else name for name in names]


def _keywords(qualified: str, values: list[Any], keywords: dict[str, Any]) -> Iterator[Writing]:
    """The function with everything but its subject by keyword; candidates, of which torch takes one."""
    for names in parameter_names(qualified, attribute(qualified.removeprefix("torch."))):
        if len(names) < len(values):
            continue
        kept = 1 if len(values) > 1 or keywords else 0
        named = dict(zip(names[kept:], values[kept:], strict=False))
        yield Writing("keywords", qualified, _call(_spelled(qualified), values[:kept], {**named, **keywords}))


def writings(operator: OpInfo, sample: SampleInput) -> list[list[Writing]]:
    """The spellings of a sample; each a list of candidates, of which the first that torch takes counts."""
    values, keywords = [sample.input, *sample.args], dict(sample.kwargs)
    name = operator.name
    if name == "__getitem__":
        return [[Writing("subscript", "", _subscript(*values))]]
    if name in REFLECTED:
        return [[Writing("operator", "", _infix(REFLECTED[name], values[1], values[0]))]]
    ordered = ORDERS[name](values) if name in ORDERS else values
    plain = ordered is values
    found = []
    for one in [name, *(alias.name for alias in operator.aliases)]:
        function, method = attribute(one), attribute(f"Tensor.{one}")
        qualified = f"torch.{one}"
        if callable(function) and not one.startswith("Tensor."):
            found.append([Writing("function", qualified, _call(_spelled(qualified), ordered, keywords))])
            found.append(list(_keywords(qualified, ordered, keywords)))
        if not isinstance(sample.input, torch.Tensor) or not plain:
            continue
        if callable(method):
            changes = one.endswith("_") and not one.endswith("__")
            spelling = "in place" if changes else "method"
            found.append([Writing(spelling, f"torch.Tensor.{one}", _method(one, values, keywords), changes)])
        elif method is not None and len(values) == 1:
            found.append(
                [Writing("attribute", f"torch.Tensor.{one}", lambda p, one=one: f"{p.text(values[0], 'input')}.{one}")]
            )
        if callable(attribute(f"Tensor.{one}_")):
            found.append([Writing("in place", f"torch.Tensor.{one}_", _method(f"{one}_", values, keywords), True)])
    if len(values) == 2 and not keywords and name in BINARY:
        found.append([Writing("operator", "", _infix(BINARY[name], *values))])
    if len(values) == 2 and not keywords and name in AUGMENTED and isinstance(sample.input, torch.Tensor):
        found.append([Writing("augmented", "", _infix(AUGMENTED[name], *values), True)])
    if len(values) == 1 and not keywords and name in UNARY:
        found.append([Writing("operator", "", lambda p: f"{UNARY[name]}{p.text(values[0], 'input')}")])
    return [candidates for candidates in found if candidates]


def source(operator: OpInfo, writing: Writing, name: str, parameters: Parameters) -> str:
    """The function that makes the call. Raises Unwritable."""
    call = writing.write(parameters)
    lines = parameters.statements
    if writing.statement:
        lines = [*lines, call, f"return {parameters.subject}"]
    elif operator.name in PRODUCTS and "compute_uv" not in call:
        lines = [*lines, *(line.format(call=call) for line in PRODUCTS[operator.name])]
    else:
        lines = [*lines, f"return {call}"]
    return f"def {name}({', '.join(parameters.names)}):\n" + "".join(f"    {line}\n" for line in lines)


__all__ = [
    "Parameters",
    "Unwritable",
    "Writing",
    "name_of",
    "operators",
    "qualified_names",
    "samples",
    "source",
    "writings",
]
