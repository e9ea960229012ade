"""Starts a session: server → keeper → session. The keeper leaves the namespaces, waits, and tells how the session ended.

A keeper leads a process group and stays outside the session's process namespace, out of the reach of the model's code. Where
namespaces are not allowed, it adopts what the session leaves behind and ends it. If the server dies, the keepers die, and
with them the sessions.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import random
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from mlxify.workers import isolation, processes

WATCH_SECONDS = 0.1  # how often the processes of a session are counted

# Runs in the session's process: (descriptor of requests, descriptor of answers, what isolates it).
Main = Callable[[int, int, dict[str, Any]], None]


@dataclass(frozen=True)
class Handle:
    """The server's ends of a session. `status` brings one JSON line when the session has ended, and then the end of file."""

    pid: int  # of the keeper
    requests: int
    answers: int
    output: int  # what the model prints, both streams
    status: int

    def descriptors(self) -> tuple[int, ...]:
        return (self.requests, self.answers, self.output, self.status)


def start(scratch: str, limits: isolation.Limits, main: Main) -> Handle:
    """Forks the keeper of a new session. Raises OSError when the system refuses a process or a pipe."""
    pipes = [os.pipe() for _ in range(4)]
    (requests_end, requests), (answers, answers_end), (output, output_end), (status, status_end) = pipes
    inside = (requests_end, answers_end, output_end, status_end)
    pid = os.fork()
    if pid == 0:
        _in_child(lambda: _keep(inside, scratch, limits, main))
    with contextlib.suppress(OSError):  # here as well as there: whoever ends the group may come before the keeper has made it
        os.setpgid(pid, pid)
    for descriptor in inside:
        os.close(descriptor)
    for descriptor in (requests, answers, output, status):
        os.set_blocking(descriptor, False)
    return Handle(pid, requests, answers, output, status)


def _in_child(body: Callable[[], None]) -> NoReturn:
    """A forked child must never return into its parent's code, whatever happens."""
    status = 70  # EX_SOFTWARE: our own bug, or a system that refuses what it allowed before
    try:
        body()
        status = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _keep(inside: tuple[int, int, int, int], scratch: str, limits: isolation.Limits, main: Main) -> None:
    requests, answers, output, status = inside
    isolation.die_with_parent()
    os.setpgid(0, 0)
    _close_all_but({0, 1, 2, *inside})
    isolation.adopt_orphans()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    namespaces = isolation.unshare_namespaces()
    session = os.fork()
    if session == 0:
        os.close(status)
        _in_child(lambda: _enter(requests, answers, output, namespaces, scratch, limits, main))
    for descriptor in (requests, answers, output):
        os.close(descriptor)
    ending = _wait(session, limits.processes)
    processes.end_all(processes.children(os.getpid()))
    os.write(status, json.dumps(ending).encode() + b"\n")
    os._exit(0)


def _wait(session: int, most_processes: int) -> dict[str, int]:
    """Waits for the end of the session; ends it when it has become too many processes."""
    while True:
        with contextlib.suppress(ChildProcessError):
            while (reaped := os.waitpid(-1, os.WNOHANG))[0] != 0:
                if reaped[0] == session:
                    code = os.waitstatus_to_exitcode(reaped[1])
                    return {"exit": code} if code >= 0 else {"signal": -code}
        if isolation.LINUX:
            signal.sigtimedwait({signal.SIGCHLD}, WATCH_SECONDS)
        else:
            signal.sigwait({signal.SIGCHLD})
        if processes.children(session) and (count := len(processes.descendants([session]))) > most_processes:
            processes.end_all([session])
            return {"processes": count}


def _enter(
    requests: int,
    answers: int,
    output: int,
    namespaces: list[str],
    scratch: str,
    limits: isolation.Limits,
    main: Main,
) -> None:
    """The session's process: shuts itself in, then runs `main`."""
    isolation.die_with_parent()
    if isolation.LINUX:
        os.setsid()  # elsewhere it stays in the keeper's group, by which the server ends it
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    nowhere = os.open(os.devnull, os.O_RDWR)
    for target, source in ((0, nowhere), (1, output), (2, output)):
        os.dup2(source, target)
    requests, answers = _hide(requests), _hide(answers)
    _close_all_but({0, 1, 2, requests, answers})
    read_only = "processes" in namespaces and isolation.make_read_only(scratch)
    isolation.bare_environment(scratch)
    isolation.limit_resources(limits)
    privileges = isolation.drop_privileges()
    main(requests, answers, {"namespaces": namespaces, "read_only": read_only, "unprivileged": privileges})


def _hide(descriptor: int) -> int:
    """Moves a descriptor to a number that the model's code is unlikely to write to by chance or by habit."""
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, random.SystemRandom().randrange(64, 900))


def _close_all_but(kept: set[int]) -> None:
    bounds = sorted(kept)
    for low, high in zip([-1, *bounds], [*bounds, os.sysconf("SC_OPEN_MAX")], strict=True):
        if low + 1 < high:  # an empty range that begins at 0 would close all
            os.closerange(low + 1, high)


def reap(pid: int) -> None:
    """Waits for a process that has been killed."""
    try:
        os.waitpid(pid, 0)
    except OSError as error:
        if error.errno != errno.ECHILD:
            raise
