"""Small semantic errors in MLX model source, as porters make them: each kind names the places in a file where it can be planted.

A mutant is the text with one piece replaced, so that line numbers and all other text stay. `mutants(text)` gives them in the order
of the file; kinds are functions from a node to the texts that may stand in its place.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Replacements = Iterator[str]
KINDS: dict[str, Callable[[ast.AST], Replacements]] = {}

ACTIVATIONS = {
    "relu": "gelu", "gelu": "gelu_approx", "gelu_approx": "gelu", "silu": "sigmoid", "sigmoid": "tanh", "tanh": "sigmoid",
    "elu": "relu", "softplus": "relu", "leaky_relu": "relu", "relu6": "relu", "hardswish": "silu", "mish": "silu",
    "selu": "elu", "softsign": "tanh", "log_sigmoid": "sigmoid", "GELU": "SiLU", "ReLU": "GELU", "SiLU": "GELU", "Tanh": "Sigmoid",
    "Sigmoid": "Tanh", "LeakyReLU": "ReLU", "ELU": "ReLU", "Mish": "SiLU", "Softplus": "ReLU", "Hardswish": "SiLU",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One planted error: `line` counts from 1; `before` and `after` are the pieces of text."""

    kind: str
    line: int
    before: str
    after: str
    text: str


def kind(function: Callable[[ast.AST], Replacements]) -> Callable[[ast.AST], Replacements]:
    KINDS[function.__name__] = function
    return function


def written(node: ast.AST) -> str:
    return ast.unparse(node)


def name_of(node: ast.AST) -> str:
    """The last name of what is called: `softmax` of `mx.softmax(x)` and of `x.softmax()`."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", None) or getattr(node.func, "id", "")


def is_of(node: ast.AST, *libraries: str) -> bool:
    """Whether a call is of a function of `mx` or `nn`."""
    target = node.func if isinstance(node, ast.Call) else node
    return isinstance(target, ast.Attribute) and written(target.value) in libraries


def is_method(node: ast.AST, *names: str) -> bool:
    return (
        name_of(node) in names
        and isinstance(node.func, ast.Attribute)
        and written(node.func.value) not in ("mx", "nn", "F")
    )


def number(node: ast.AST) -> float | int | None:
    """A literal number, negative ones included; no boolean."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = number(node.operand)
        return None if value is None else -value
    is_number = (
        isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
    )
    return node.value if is_number else None


def with_arguments(call: ast.Call, arguments: list[ast.expr]) -> str:
    return written(ast.Call(call.func, arguments, call.keywords))


def with_keyword(call: ast.Call, name: str, value: str | None) -> str:
    """The call with that keyword set, or without it."""
    keywords = [k for k in call.keywords if k.arg != name]
    if value is not None:
        keywords.append(ast.keyword(name, ast.parse(value, mode="eval").body))
    return written(ast.Call(call.func, call.args, keywords))


def keyword(call: ast.AST, name: str) -> ast.expr | None:
    return next((k.value for k in getattr(call, "keywords", ()) if k.arg == name), None)


# ---------------------------------------------------------------------------------------------------------------- layout


@kind
def swapped_axes(node: ast.AST) -> Replacements:
    if is_method(node, "transpose") and len(node.args) >= 3:
        arguments = list(node.args)
        arguments[-1], arguments[-2] = arguments[-2], arguments[-1]
        yield with_arguments(node, arguments)


@kind
def dropped_transpose(node: ast.AST) -> Replacements:
    if is_method(node, "transpose", "swapaxes", "moveaxis"):
        yield written(node.func.value)
    elif isinstance(node, ast.Attribute) and node.attr == "T" and isinstance(node.ctx, ast.Load):
        yield written(node.value)


@kind
def transposed_weight(node: ast.AST) -> Replacements:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        right = node.right
        is_turned = isinstance(right, ast.Attribute) and right.attr == "T"
        turned = written(right.value) if is_turned else f"({written(right)}).swapaxes(-1, -2)"
        yield f"{written(node.left)} @ {turned}"


@kind
def swapped_factors(node: ast.AST) -> Replacements:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield f"({written(node.right)}) @ ({written(node.left)})"


@kind
def swapped_sizes(node: ast.AST) -> Replacements:
    if name_of(node) == "reshape":
        arguments = node.args if is_method(node, "reshape") else node.args[1:]
        for at in range(len(arguments) - 1):
            if written(arguments[at]) != written(arguments[at + 1]):
                order = list(node.args)
                shift = len(node.args) - len(arguments)
                order[at + shift], order[at + shift + 1] = order[at + shift + 1], order[at + shift]
                yield with_arguments(node, order)


@kind
def other_axis(node: ast.AST) -> Replacements:
    axis = keyword(node, "axis")
    value = number(axis) if axis is not None else None
    if isinstance(value, int):
        yield with_keyword(node, "axis", str({-1: -2, -2: -1, 0: 1, 1: 0}.get(value, value - 1)))


@kind
def lost_axis(node: ast.AST) -> Replacements:
    if keyword(node, "axis") is not None and name_of(node) in {
        "sum",
        "mean",
        "max",
        "min",
        "softmax",
        "prod",
        "var",
        "std",
        "all",
        "any",
        "norm",
    }:
        yield with_keyword(node, "axis", None)


@kind
def lost_keepdims(node: ast.AST) -> Replacements:
    flag = keyword(node, "keepdims")
    if isinstance(flag, ast.Constant) and flag.value is True:
        yield with_keyword(node, "keepdims", None)


@kind
def reversed_concatenation(node: ast.AST) -> Replacements:
    if (
        name_of(node) in {"concatenate", "stack"}
        and node.args
        and isinstance(node.args[0], (ast.List, ast.Tuple))
        and len(node.args[0].elts) > 1
    ):
        turned = ast.List(node.args[0].elts[::-1], ast.Load())
        yield with_arguments(node, [turned, *node.args[1:]])


@kind
def repeat_for_tile(node: ast.AST) -> Replacements:
    if is_of(node, "mx") and name_of(node) == "repeat":
        yield (
            written(node).replace("mx.repeat(", "mx.tile(", 1)
            if len(node.args) == 2 and not node.keywords
            else written(
                ast.Call(
                    node.func,
                    [ast.Subscript(node.args[0], ast.Slice(step=ast.Constant(-1)), ast.Load()), *node.args[1:]],
                    node.keywords,
                )
            )
        )
    elif is_of(node, "mx") and name_of(node) == "tile":
        yield written(node).replace("mx.tile(", "mx.repeat(", 1)


@kind
def wrong_padding_side(node: ast.AST) -> Replacements:
    if name_of(node) == "pad":
        for pair in ast.walk(node):
            is_pair = (
                isinstance(pair, ast.Tuple)
                and len(pair.elts) == 2
                and not any(isinstance(e, ast.Tuple) for e in pair.elts)
            )
            if is_pair and written(pair.elts[0]) != written(pair.elts[1]):
                yield written(node).replace(written(pair), written(ast.Tuple(pair.elts[::-1], ast.Load())), 1)
                return


@kind
def swapped_einsum(node: ast.AST) -> Replacements:
    if name_of(node) == "einsum" and node.args and isinstance(node.args[0], ast.Constant):
        left, arrow, right = str(node.args[0].value).partition("->")
        letters = right.strip()
        if arrow and len(letters) > 1 and " " not in letters:
            yield with_arguments(
                node, [ast.Constant(left + arrow + letters[:-2] + letters[-1] + letters[-2]), *node.args[1:]]
            )


# --------------------------------------------------------------------------------------------------------------- numbers


@kind
def wrong_eps(node: ast.AST) -> Replacements:
    if isinstance(node, ast.Constant) and isinstance(node.value, float) and 0 < node.value <= 1e-3:
        yield repr(node.value * 10)


@kind
def other_float(node: ast.AST) -> Replacements:
    if isinstance(node, ast.Constant) and isinstance(node.value, float) and (node.value > 1e-3 or node.value < 0):
        yield repr(round(node.value * 1.1, 6))


@kind
def one_more(node: ast.AST) -> Replacements:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)) and isinstance(number(node.right), int):
        yield f"{written(node.left)} {'+' if isinstance(node.op, ast.Add) else '-'} {number(node.right) + 1}"


@kind
def slice_begins_later(node: ast.AST) -> Replacements:
    if isinstance(node, ast.Slice) and node.lower is not None:
        later = ast.BinOp(node.lower, ast.Add(), ast.Constant(1))
        yield written(ast.Slice(later, node.upper, node.step))


@kind
def slice_ends_earlier(node: ast.AST) -> Replacements:
    if isinstance(node, ast.Slice) and node.upper is not None:
        yield written(ast.Slice(node.lower, ast.BinOp(node.upper, ast.Sub(), ast.Constant(1)), node.step))


@kind
def other_item(node: ast.AST) -> Replacements:
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        value = number(node.slice)
        if isinstance(value, int) and not isinstance(node.value, ast.Attribute):
            yield f"{written(node.value)}[{ {0: 1, 1: 0, -1: 0}.get(value, value - 1) }]"


@kind
def other_power(node: ast.AST) -> Replacements:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and number(node.right) is not None:
        yield f"({written(node.left)}) ** {number(node.right) + 1}"


@kind
def biased_variance(node: ast.AST) -> Replacements:
    if name_of(node) in {"var", "std"} and (is_of(node, "mx") or is_method(node, "var", "std")):
        yield with_keyword(node, "ddof", None if keyword(node, "ddof") is not None else "1")


@kind
def shifted_triangle(node: ast.AST) -> Replacements:
    if name_of(node) in {"tril", "triu"}:
        k = keyword(node, "k")
        yield (
            with_keyword(node, "k", "1" if k is None else f"{written(k)} + 1")
            if len(node.args) == 1
            else with_arguments(node, [node.args[0], ast.BinOp(node.args[1], ast.Add(), ast.Constant(1))])
        )


@kind
def other_triangle(node: ast.AST) -> Replacements:
    if name_of(node) in {"tril", "triu"} and is_of(node, "mx"):
        yield written(node).replace("mx.tri", "mx.TRI", 1).replace("TRIl", "triu").replace("TRIu", "tril")


# ------------------------------------------------------------------------------------------------------------ arithmetic


def swap_operator(one: type[ast.operator], other: type[ast.operator]) -> Callable[[ast.AST], Replacements]:
    def replace(node: ast.AST) -> Replacements:
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, one)
            and not isinstance(node.left, (ast.Constant, ast.JoinedStr))
        ):
            yield f"({written(ast.BinOp(node.left, other(), node.right))})"

    return replace


KINDS["plus_to_minus"] = swap_operator(ast.Add, ast.Sub)
KINDS["minus_to_plus"] = swap_operator(ast.Sub, ast.Add)
KINDS["times_to_divided"] = swap_operator(ast.Mult, ast.Div)
KINDS["divided_to_times"] = swap_operator(ast.Div, ast.Mult)


@kind
def missing_scale(node: ast.AST) -> Replacements:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        yield f"({written(node.left)})"


@kind
def lost_summand(node: ast.AST) -> Replacements:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield f"({written(node.left)})"


@kind
def lost_residual(node: ast.AST) -> Replacements:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield f"({written(node.right)})"


@kind
def swapped_difference(node: ast.AST) -> Replacements:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        yield f"(({written(node.right)}) - ({written(node.left)}))"


@kind
def lost_sign(node: ast.AST) -> Replacements:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and number(node) is None:
        yield f"({written(node.operand)})"


@kind
def rounded_division(node: ast.AST) -> Replacements:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
        yield f"(-(-({written(node.left)}) // ({written(node.right)})))"


# ------------------------------------------------------------------------------------------------------------- functions


@kind
def wrong_activation(node: ast.AST) -> Replacements:
    if isinstance(node, ast.Attribute) and node.attr in ACTIVATIONS and written(node.value) in {"nn", "mx"}:
        other = ACTIVATIONS[node.attr]
        yield f"mx.{other}" if other in {"sigmoid", "tanh"} else f"nn.{other}"


def swap_function(names: dict[str, str]) -> Callable[[ast.AST], Replacements]:
    def replace(node: ast.AST) -> Replacements:
        if isinstance(node, ast.Attribute) and node.attr in names and written(node.value) == "mx":
            yield f"mx.{names[node.attr]}"
        elif isinstance(node, ast.Call) and is_method(node, *names):
            yield written(
                ast.Call(ast.Attribute(node.func.value, names[node.func.attr], ast.Load()), node.args, node.keywords)
            )

    return replace


KINDS["sum_for_mean"] = swap_function({"mean": "sum", "sum": "mean"})
KINDS["max_for_min"] = swap_function({"max": "min", "min": "max", "maximum": "minimum", "minimum": "maximum"})
KINDS["root_for_reciprocal"] = swap_function({"sqrt": "rsqrt", "rsqrt": "sqrt"})
KINDS["sine_for_cosine"] = swap_function({"sin": "cos", "cos": "sin"})
KINDS["log_for_log1p"] = swap_function({"log": "log1p", "exp": "expm1", "log1p": "log", "expm1": "exp"})
KINDS["order_of_sort"] = swap_function(
    {"argmax": "argmin", "argmin": "argmax", "cumsum": "cumprod", "cumprod": "cumsum"}
)
KINDS["zeros_for_ones"] = swap_function(
    {"zeros": "ones", "ones": "zeros", "zeros_like": "ones_like", "ones_like": "zeros_like"}
)


@kind
def lost_mask(node: ast.AST) -> Replacements:
    if name_of(node) == "where" and len(node.args) == 3:
        yield f"({written(node.args[2])})"


@kind
def swapped_where(node: ast.AST) -> Replacements:
    if name_of(node) == "where" and len(node.args) == 3:
        yield with_arguments(node, [node.args[0], node.args[2], node.args[1]])


@kind
def lost_clip(node: ast.AST) -> Replacements:
    if name_of(node) in {"clip", "maximum", "minimum"} and node.args:
        yield f"({written(node.func.value if is_method(node, 'clip') else node.args[0])})"


@kind
def dropped_dtype(node: ast.AST) -> Replacements:
    if is_method(node, "astype"):
        yield f"({written(node.func.value)})"


@kind
def undetached(node: ast.AST) -> Replacements:
    if name_of(node) == "stop_gradient" and len(node.args) == 1:
        yield f"({written(node.args[0])})"


@kind
def detached(node: ast.AST) -> Replacements:
    if (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Mult)
        and number(node.left) is None
        and number(node.right) is None
    ):
        yield f"mx.stop_gradient({written(node.left)}) * ({written(node.right)})"


@kind
def skipped_dropout(node: ast.AST) -> Replacements:
    if (
        isinstance(node, ast.Call)
        and len(node.args) == 1
        and "drop" in name_of(node).lower()
        and "self" in written(node.func)
    ):
        yield f"({written(node.args[0])})"


@kind
def skipped_norm(node: ast.AST) -> Replacements:
    if (
        isinstance(node, ast.Call)
        and len(node.args) == 1
        and "norm" in name_of(node).lower()
        and written(node.func).startswith("self.")
    ):
        yield f"({written(node.args[0])})"


@kind
def cumulative_exclusive(node: ast.AST) -> Replacements:
    if name_of(node) in {"cumsum", "cumprod"}:
        yield with_keyword(node, "inclusive", "False")


@kind
def reversed_cumulation(node: ast.AST) -> Replacements:
    if name_of(node) in {"cumsum", "cumprod"}:
        yield with_keyword(node, "reverse", "True")


# ----------------------------------------------------------------------------------------------------------------- logic


@kind
def other_bound(node: ast.AST) -> Replacements:
    swaps = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in swaps:
        yield f"({written(node.left)} {swaps[type(node.ops[0])]} {written(node.comparators[0])})"


@kind
def turned_comparison(node: ast.AST) -> Replacements:
    swaps = {
        ast.Lt: ">",
        ast.LtE: ">=",
        ast.Gt: "<",
        ast.GtE: "<=",
        ast.Eq: "!=",
        ast.NotEq: "==",
        ast.Is: "is not",
        ast.IsNot: "is",
    }
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in swaps:
        yield f"({written(node.left)} {swaps[type(node.ops[0])]} {written(node.comparators[0])})"


@kind
def and_for_or(node: ast.AST) -> Replacements:
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield f"({written(ast.BoolOp(other, node.values))})"


@kind
def lost_not(node: ast.AST) -> Replacements:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.Invert)):
        yield f"({written(node.operand)})"


@kind
def turned_flag(node: ast.AST) -> Replacements:
    if isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool):
        yield f"{node.arg}={not node.value.value}"


@kind
def other_choice(node: ast.AST) -> Replacements:
    if isinstance(node, ast.IfExp):
        yield f"({written(node.orelse)} if {written(node.test)} else {written(node.body)})"


# ------------------------------------------------------------------------------------------------------------ statements


@kind
def swapped_names(node: ast.AST) -> Replacements:
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Tuple):
        names = node.targets[0].elts
        if len(names) >= 2 and all(isinstance(n, ast.Name) for n in names) and not any(n.id == "_" for n in names):
            turned = ", ".join(written(n) for n in [*names[:-2], names[-1], names[-2]])
            yield f"{turned} = {written(node.value)}"


@kind
def forgotten_update(node: ast.AST) -> Replacements:
    if isinstance(node, ast.AugAssign):
        yield "pass"


@kind
def forgotten_store(node: ast.AST) -> Replacements:
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Subscript):
        yield "pass"


@kind
def skipped_layer(node: ast.AST) -> Replacements:
    is_same = isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    if is_same and isinstance(node.value, ast.Call) and [written(a) for a in node.value.args] == [node.targets[0].id]:
        yield "pass"


@kind
def shorter_loop(node: ast.AST) -> Replacements:
    if isinstance(node, ast.Call) and name_of(node) == "range" and len(node.args) == 1:
        yield f"range(({written(node.args[0])}) - 1)"


@kind
def reversed_loop(node: ast.AST) -> Replacements:
    if isinstance(node, ast.Call) and name_of(node) == "range":
        yield f"reversed({written(node)})"


# ------------------------------------------------------------------------------------------------------------- the mutants


def places(tree: ast.Module) -> Iterator[ast.AST]:
    """Nodes of classes and functions in the order of the file, but for documentation, annotations and what maps weights."""

    def inside(node: ast.AST) -> Iterator[ast.AST]:
        if isinstance(node, ast.FunctionDef) and "sanitize" in node.name:
            return
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            return
        yield node
        for field, value in ast.iter_fields(node):
            if field in {"annotation", "returns", "decorator_list", "bases"}:
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from inside(child)

    for statement in tree.body:
        if isinstance(statement, (ast.ClassDef, ast.FunctionDef)):
            yield from inside(statement)


def extent(node: ast.AST, starts: list[int]) -> tuple[int, int] | None:
    """The bytes of a node; some, as comprehensions, have no place of their own."""
    if not hasattr(node, "lineno"):
        return None
    return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset


def candidates(text: str) -> Iterator[Mutant]:
    """Every place of every kind; whether the text with the replacement is other Python, `is_other_program` tells."""
    data = text.encode()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in places(ast.parse(text)):
        span = extent(node, starts)
        if span is None or (isinstance(node, ast.Expr | ast.ClassDef | ast.FunctionDef)):
            continue
        before = data[span[0] : span[1]].decode()
        for name, replacements in KINDS.items():
            for after in replacements(node):
                after = after.replace("\n", " ")
                mutated = (data[: span[0]] + after.encode() + data[span[1] :]).decode()
                yield Mutant(name, node.lineno, before, after, mutated)


def is_other_program(mutant: Mutant, text: str) -> bool:
    """Whether the mutant is Python that parses, and not the text written otherwise: two parses of the whole, so asked of few."""
    try:
        return ast.dump(ast.parse(mutant.text)) != ast.dump(ast.parse(text))
    except SyntaxError:
        return False


def mutants(text: str) -> Iterator[Mutant]:
    """Every place of every kind that changes the text, and gives Python that parses."""
    return (mutant for mutant in candidates(text) if is_other_program(mutant, text))
