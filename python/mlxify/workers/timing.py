"""Time and memory of calls."""

from __future__ import annotations

import contextlib
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from mlxify.workers.model import Call

WARM_UP = 2


class Stopwatch:
    def __init__(self) -> None:
        self._begin = time.perf_counter()

    def seconds(self) -> float:
        return time.perf_counter() - self._begin


def measure(made: Call, repeat: int, differentiate: Callable[[], Any]) -> dict[str, float]:
    """Medians of `repeat` calls after two for warming up. Must be inside of the call's mode."""
    framework = made.model.framework
    restore = framework.snapshot(made.model.instance)

    def forward() -> None:
        given = made.arrays()
        framework.evaluate(list(given.values()))
        output = framework.infer(made.model.instance, lambda: made.invoke(given), restore)
        made.leaves(output)

    result = {"seconds": _median(forward, repeat)}
    if made.training:
        result["training_seconds"] = _median(differentiate, repeat)
    peak = PeakMemory()
    forward()
    result["peak_bytes"] = peak.bytes()
    return result


def measure_step(repeat: int, differentiate: Callable[[], Any]) -> dict[str, float]:
    """What memory a call with its gradients takes, and the median of `repeat` after it. Must be inside of the call's mode."""
    peak = PeakMemory()
    differentiate()
    result = {"peak_bytes": peak.bytes()}
    return {**result, "training_seconds": _median(differentiate, repeat, warm_up=0)}


def _median(act: Callable[[], Any], repeat: int, warm_up: int = WARM_UP) -> float:
    for _ in range(warm_up):
        act()
    times = []
    for _ in range(max(1, repeat)):
        watch = Stopwatch()
        act()
        times.append(watch.seconds())
    return statistics.median(times)


class PeakMemory:
    """Growth of the process's resident memory from here on, the same measure for both frameworks."""

    def __init__(self) -> None:
        with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")  # forgets the peak so far
        self._begin = self._now() or self._peak()

    def bytes(self) -> float:
        return float(max(0, self._peak() - self._begin))

    @staticmethod
    def _status(field: str) -> int:
        with contextlib.suppress(OSError), open("/proc/self/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith(field):
                    return int(line.split()[1]) << 10
        return 0

    def _now(self) -> int:
        return self._status("VmRSS:")

    def _peak(self) -> int:
        unit = 1 if sys.platform == "darwin" else 1 << 10
        return self._status("VmHWM:") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
