"""One framework's side of a benchmark of models: a worker's verbs, on the device that is asked for.

    python side.py torch|mlx cpu|gpu

One JSON request a line on standard input, one answer a line on standard output; the verbs and their fields are those of a worker
(docs/internals/worker-protocol.md), without sessions: the files that are run here were verified before. `memory` is added, the peak of
the device's memory since the last call of it, and `import`, which takes the place of `load` for a module of an installed package.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from time import process_time
from typing import Any

from mlxify.workers import comparison_verbs, gradients, model_verbs, timing
from mlxify.workers.definitions import Source
from mlxify.workers.framework import Framework, import_framework
from mlxify.workers.model import Call, Model


def torch_on(device: str) -> Framework:
    import torch

    from mlxify.workers import references, torch_dtypes, torch_framework

    torch.set_num_threads(os.cpu_count() or 1)
    if device == "cpu":
        return torch_framework.TorchFramework()

    class OnGpu(torch_framework.TorchFramework):
        """Models and inputs live on the GPU, where a model that asks for an accelerator finds it; float32 is float32."""

        def prepare(self, bf16_as_f32: bool, text: bytes) -> None:
            references.install()
            torch_framework.make_identities()  # eager
            if bf16_as_f32:
                self._lasting.enter_context(torch_dtypes.reading({torch.bfloat16: torch.float32}))
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False

        def from_raw(self, raw: Any) -> torch.Tensor:
            return super().from_raw(raw).to("cuda")

        def evaluate(self, values: Sequence[torch.Tensor]) -> None:
            torch.cuda.synchronize()

    return OnGpu()


def import_module(model: Model, request: dict[str, Any]) -> dict[str, Any]:
    """Imports `module`. The packages that it is in are entered without running their `__init__`, which imports what no model needs."""
    name = request["module"]
    parts = name.split(".")
    for depth in range(1, len(parts)):
        package = ".".join(parts[:depth])
        sys.modules[package] = importlib.util.module_from_spec(importlib.util.find_spec(package))
    model.module = importlib.import_module(name)
    model.take(Source.read(model.module.__file__, name))
    model.framework.prepare(False, model.source.text)
    return {}


def construct(model: Model, request: dict[str, Any], device: str) -> dict[str, Any]:
    """As the worker does, then on the device."""
    answer = model_verbs.construct(model, request)
    if model.framework.name == "torch" and device == "gpu" and model.framework.is_module(model.instance):
        model.instance.to("cuda")
    return answer


def time(model: Model, request: dict[str, Any]) -> dict[str, Any]:
    """As the worker does, but of the model alone: inputs are where they are needed, and the loss is the sum of the outputs.

    `processor_seconds` is the time that all threads of this process ran, a call: other programs on the machine change it less.
    """
    made = Call.of(model, request)
    given = made.arrays()
    made.arrays = lambda: dict(given)
    model.framework.weighted_sum = lambda leaf, _: leaf.sum()
    gradients.projection = lambda *_: None
    restore = model.framework.snapshot(model.instance)
    try:
        with model.framework.compiled(True), made.mode():
            repeat = int(request["repeat"])
            begin = process_time()
            result = timing.measure(made, repeat, lambda: gradients_done(made))
            if not made.training:
                result["processor_seconds"] = (process_time() - begin) / (timing.WARM_UP + repeat + 1)
            return result
    finally:
        restore()


def gradients_done(made: Call) -> None:
    found = gradients.projected_gradients(made, 0)
    made.model.framework.evaluate([array for by in found for array in by.values() if array is not None])


def memory(framework: Framework, device: str) -> dict[str, Any]:
    """`peak_bytes` on a GPU since the last call; 0 on a CPU, where `time` says it."""
    if device == "cpu":
        return {"peak_bytes": 0}
    if framework.name == "mlx":
        import mlx.core as mx

        peak = mx.get_peak_memory()
        mx.reset_peak_memory()
        return {"peak_bytes": peak}
    import torch

    peak = torch.cuda.max_memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    return {"peak_bytes": peak}


def main() -> None:
    name, device = sys.argv[1:]
    import_framework(name)  # and bars the other
    os.environ.setdefault("MLX_ENABLE_TF32", "0")  # float32 is float32 on both sides
    if name == "torch":
        framework = torch_on(device)
    else:
        import mlx.core as mx

        from mlxify.workers import mlx_framework

        mx.set_default_device(mx.gpu if device == "gpu" else mx.cpu)
        framework = mlx_framework.open_framework()
    model = Model(framework)
    verbs = {
        **model_verbs.VERBS,
        **comparison_verbs.VERBS,
        "import": import_module,
        "construct": lambda model, request: construct(model, request, device),
        "time": time,
        "memory": lambda model, _: memory(model.framework, device),
    }
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with contextlib.redirect_stdout(sys.stderr):
        for line in sys.stdin:
            request = json.loads(line)
            try:
                answer = verbs[request["verb"]](model, request)
            except Exception as error:  # of a model: anything
                answer = {"error": f"{type(error).__name__}: {error}"[:300]}
            answers.write(json.dumps(answer) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
