"""Every rule and attribute for torch's functions and methods, run against torch on the cases of `function_cases`."""

import inspect
from pathlib import Path

import pytest
from function_cases import CASES, samples
from function_parity import (
    CATALOGUE,
    Call,
    Entry,
    assert_same,
    bound,
    check_gradients,
    check_values,
    to_mlx,
    torch_object,
)

FILES = (
    "arithmetic", "autograd", "comparison", "complex_numbers", "creation", "decompositions", "dtypes", "indexing",
    "inplace",
    "inplace_pointwise",
    "lists_and_masks", "joining", "linalg", "pointwise", "random", "reduction", "runtime", "scan", "shape", "sorting",
    "tensor_attributes", "windows",
)  # fmt: skip
ENTRIES = [
    entry
    for entry in CATALOGUE
    if entry.kind in ("rule", "attribute") and Path(inspect.getfile(entry.python)).parent.name == "torch"
    and Path(inspect.getfile(entry.python)).stem in FILES
]  # fmt: skip

# Entries that are not compared, and why.
NOT_COMPARED = {
    "torch.Tensor.device": "a device of MLX",
    "torch.Tensor.requires_grad": "what is differentiated is a matter of the caller",
    "torch.device": "a device of MLX",
    "torch.device.type": "an attribute of torch's own class",
    "torch.device.index": "an attribute of torch's own class",
    "torch.finfo": "an object of MLX, whose fields `torch.finfo.tiny` compares",
    "torch.iinfo": "an object of MLX",
    "torch.compile": "gives back its argument",
    "torch.jit.script": "gives back its argument",
    "torch.typename": "names a class of MLX",
    "torch.Tensor.cuda": "there is no such device",
    "torch.Tensor.pin_memory": "there is no such device",
    "torch.cuda.FloatTensor": "there is no such device",
    "torch.cuda.LongTensor": "there is no such device",
    "torch.cuda.HalfTensor": "there is no such device",
    "torch.cuda.BoolTensor": "there is no such device",
    "torch.cuda.memory_allocated": "depends on the machine",
    "torch.cuda.max_memory_allocated": "depends on the machine",
    "torch.cuda.memory_reserved": "depends on the machine",
    "torch.cuda.current_device": "torch raises without CUDA",
    "torch.get_num_threads": "depends on the machine",
    "torch.distributed.is_available": "torch says what was built, the entry what can be used",
    "torch.distributed.get_world_size": "torch wants a process group",
    "torch.distributed.get_rank": "torch wants a process group",
    "torch.manual_seed": "torch gives a generator",
    "torch.utils.checkpoint.get_device_states": "there are no such devices",
    "torch.get_rng_state": "a state of the other generator; test_torch_random restores it",
    "torch.empty": "values are undefined",
    "torch.empty_like": "values are undefined",
    "torch.Tensor.new_empty": "values are undefined",
    "torch.Tensor.resize": "always refused",
    "torch.Tensor.set_": "always refused",
    "torch.Tensor.cauchy_": "always refused",
    "torch.poisson": "always refused",
    "torch.gcd": "always refused",
    "torch.vmap": "gives a function: see test_transforms.py",
    "torch.func.grad": "gives a function: see test_transforms.py",
    "torch.Tensor.new": "values are undefined",
    "torch.Tensor.stride": "of a contiguous array only, where torch tells that of a view",
    "mlxify.places_of_mask": "the compiler's own, for boolean masks",
    "mlxify.places_or_none": "the compiler's own, for boolean masks that may be None",
}
# Names that torch itself has only together with another package, and one of our own for `x[mask]`.
FOREIGN = {"torch.npu.is_available", "mlxify.places_of_mask", "mlxify.places_or_none"}
# Values are torch's, but MLX's backward pass is not: it raises, or disagrees where torch chose one of several answers.
NO_GRADIENT = {
    "torch.linalg.solve": "MLX has no gradient of solvers",
    "torch.linalg.solve_triangular": "MLX has no gradient of solvers",
    "torch.triangular_solve": "MLX has no gradient of solvers",
    "torch.Tensor.triangular_solve": "MLX has no gradient of solvers",
    "torch.matrix_power": "MLX has no gradient of the inverse",
    "torch.linalg.matrix_power": "MLX has no gradient of the inverse",
    "torch.Tensor.matrix_power": "MLX has no gradient of the inverse",
    "torch.linalg.norm": "MLX has no gradient of singular values",
}


def texts_for(entry: Entry) -> list[str]:
    """The cases of an entry: under its own name, or else under another name of the same function."""
    if entry.qualified in CASES:
        return CASES[entry.qualified]
    names = [other.qualified for other in ENTRIES if other.python is entry.python and other.qualified in CASES]
    return CASES[names[0]] if names else []


def call_of(text: str) -> Call:
    return eval(f"_call({text})", {**samples(), "_call": lambda *args, **kwargs: Call(args, kwargs)})


COMPARED = [
    (entry, text)
    for entry in ENTRIES
    if entry.qualified not in NOT_COMPARED and entry.qualified not in FOREIGN
    for text in texts_for(entry)
]


def label(value: object) -> str | None:
    return value.qualified.removeprefix("torch.") if isinstance(value, Entry) else str(value)


@pytest.mark.parametrize(("entry", "text"), COMPARED, ids=label)
def test_case(entry: Entry, text: str) -> None:
    call = call_of(text)
    if entry.kind == "attribute":
        subject = call.args[0]
        assert_same(getattr(subject, entry.qualified.rsplit(".")[-1]), entry.python(to_mlx(subject)), entry.qualified)
        return
    assert bound(entry, call) is not None, f"{entry.qualified} does not take ({text})"
    check_values(entry, call)
    if entry.qualified not in NO_GRADIENT and entry.qualified != "torch.Tensor.numpy":
        check_gradients(entry, call_of(text))


def test_names_exist_in_torch() -> None:
    unknown = [entry.qualified for entry in ENTRIES if torch_object(entry.qualified) is None]
    assert set(unknown) == FOREIGN


def test_keys_of_cases_are_entries() -> None:
    assert set(CASES) <= {entry.qualified for entry in ENTRIES}
