"""One framework's side of a benchmark of models: a worker's verbs, on the device that is asked for.

    python side.py torch|mlx cpu|gpu

One JSON request a line on standard input, one answer a line on standard output; the verbs and their fields are those of a worker
(docs/internals/worker-protocol.md), without sessions: the files that are run here were verified before. `memory` is added: the peak of
the device's memory since the last call of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from mlxify.workers import comparison_verbs, model_verbs
from mlxify.workers.framework import Framework, import_framework
from mlxify.workers.model import Model

VERBS = {**model_verbs.VERBS, **comparison_verbs.VERBS}


def torch_on(device: str) -> Framework:
    import torch

    from mlxify.workers import references, torch_framework

    torch.set_num_threads(os.cpu_count() or 1)
    if device == "cpu":
        return torch_framework.TorchFramework()

    class OnGpu(torch_framework.TorchFramework):
        """Models and inputs live on the GPU, where a model that asks for an accelerator finds it; float32 is float32."""

        def prepare(self, bf16_as_f32: bool, text: bytes) -> None:
            references.install()
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False

        def from_raw(self, raw: Any) -> torch.Tensor:
            return super().from_raw(raw).to("cuda")

        def evaluate(self, values: Sequence[torch.Tensor]) -> None:
            torch.cuda.synchronize()

    return OnGpu()


def construct(model: Model, request: dict[str, Any], device: str) -> dict[str, Any]:
    """As the worker does, then on the device."""
    answer = model_verbs.construct(model, request)
    if model.framework.name == "torch" and device == "gpu" and model.framework.is_module(model.instance):
        model.instance.to("cuda")
    return answer


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
    if name == "torch":
        framework = torch_on(device)
    else:
        import mlx.core as mx

        from mlxify.workers import mlx_framework

        mx.set_default_device(mx.gpu if device == "gpu" else mx.cpu)
        framework = mlx_framework.open_framework()
    model = Model(framework)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with contextlib.redirect_stdout(sys.stderr):
        for line in sys.stdin:
            request = json.loads(line)
            try:
                if request["verb"] == "memory":
                    answer = memory(framework, device)
                elif request["verb"] == "construct":
                    answer = construct(model, request, device)
                else:
                    answer = VERBS[request["verb"]](model, request)
            except Exception as error:  # of a model: anything
                answer = {"error": f"{type(error).__name__}: {error}"[:300]}
            answers.write(json.dumps(answer) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
