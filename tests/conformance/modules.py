"""The samples of PyTorch's database of modules, as classes that hold the module and call it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import torch
from cases import Case
from spelling import Parameters, Unwritable
from torch.testing._internal.common_modules import ModuleInfo, ModuleInput, module_db

from mlxify.workers.arrays import Raw

SAMPLES = 24


def name_of(info: ModuleInfo) -> str:
    return "nn." + info.module_cls.__name__


def modules() -> list[ModuleInfo]:
    """Those of torch.nn itself: the quantised ones stand elsewhere."""
    return [info for info in module_db if info.module_cls.__module__.startswith("torch.nn.modules")]


def samples(info: ModuleInfo) -> Iterator[tuple[ModuleInput, bool]]:
    """(sample, training), spread over all there are."""
    for training in (False, True) if info.train_and_eval_differ else (False,):
        torch.manual_seed(0)
        every = info.module_inputs_func(info, device="cpu", dtype=torch.float32, requires_grad=False, training=training)
        step = max(1, -(-len(every) // SAMPLES))
        for sample in every[::step]:
            if sample.forward_input is not None:
                yield sample, training


def _text(parameters: Parameters, value: Any, name: str) -> str:
    """Beside other values a constructor takes activations: functions of torch.nn.functional."""
    if callable(value) and getattr(torch.nn.functional, getattr(value, "__name__", ""), None) is value:
        return f"F.{value.__name__}"
    return parameters.text(value, name)


def _given(parameters: Parameters, args: Any, kwargs: dict[str, Any], word: str) -> str:
    texts = [_text(parameters, value, f"{word}{at}") for at, value in enumerate(args)]
    return ", ".join(texts + [f"{name}={_text(parameters, value, name)}" for name, value in kwargs.items()])


def case(info: ModuleInfo, sample: ModuleInput, training: bool, form: str, at: int, raws: dict[str, Raw]) -> Case:
    """The sample as a class. Raises Unwritable."""
    name = f"{info.module_cls.__name__}_{at}"
    constructor, call = sample.constructor_input, sample.forward_input
    withheld = form == "withheld" and at % 2 == 1
    built = Parameters(f"{name}.constructor", raws, scalars=withheld)
    arguments = _given(built, constructor.args, constructor.kwargs, "argument")
    called = Parameters(name, raws, facts=form == "known", scalars=withheld)
    # most samples name the only argument; a user does not
    positional = (*call.args, *call.kwargs.values()) if len(call.args) + len(call.kwargs) == 1 else call.args
    inputs = _given(called, positional, call.kwargs if positional is call.args else {}, "input")
    lines = [
        f"class {name}(nn.Module):",
        f"    def __init__({', '.join(['self', *built.names])}):",
        "        super().__init__()",
        f"        self.layer = nn.{info.module_cls.__name__}({arguments})",
        "",
        f"    def forward({', '.join(['self', *called.names])}):",
        *(f"        {line}" for line in called.statements),
        f"        return self.layer({inputs})",
    ]
    return Case(
        subject=name_of(info),
        spelling=("training" if training else "evaluation"),
        form=form,
        name=re.sub(r"\W", "_", name),
        source="\n".join(lines) + "\n",
        spec={"args": called.spec},
        construct={"args": built.spec},
        gradients=True,
        training=training,
    )


__all__ = ["Unwritable", "case", "modules", "name_of", "samples"]
