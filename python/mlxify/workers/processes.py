"""The tree of processes below one, read from /proc; nothing on systems without it."""

from __future__ import annotations

import contextlib
import os
import signal
import time


def children(pid: int) -> list[int]:
    """The processes that `pid` is the parent of, through any of its threads."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
                found += map(int, file.read().split())
    return found


def descendants(roots: list[int]) -> list[int]:
    """`roots` and all below them, parents first."""
    found = list(roots)
    for pid in found:
        found += children(pid)  # the list grows while it is walked
    return found


def end_all(roots: list[int], patience: float = 5.0) -> None:
    """Kills `roots`, their process groups and all below them.

    A group dies at once, however fast it forks. What left its group is stopped first, so that it cannot outrun this.
    """
    for group in {_group_of(pid) for pid in roots} - {os.getpgrp(), 0}:
        end_group(group)
    deadline = time.monotonic() + patience
    stopped: set[int] = set()
    while time.monotonic() < deadline:
        new = [pid for pid in descendants(roots) if pid not in stopped]
        if not new:
            break
        for pid in new:
            send(pid, signal.SIGSTOP)
        stopped.update(new)
    for pid in stopped:
        send(pid, signal.SIGKILL)


def end_group(group: int) -> None:
    """Kills all processes of a group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
