"""The server: imports its framework once, forks sessions, passes requests and answers on, and ends what overruns.

It runs no code of a model and believes nothing of what a session says beyond its form: an answer must be one JSON object of
bounded length with the id of the question and the session's token. Requests to one session run in order, sessions at once.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import platform
import selectors
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mlxify.workers import framework, isolation, keeper, processes, session, wire

TAIL = 4096  # bytes kept of what a model prints
_FORK_SAFETY = "OBJC_DISABLE_INITIALIZE_FORK_SAFETY"


@dataclass
class Flight:
    """A request that a session works on."""

    id: Any
    verb: str
    deadline: float
    seconds: float


@dataclass
class Session:
    """What the server knows of a session."""

    number: int
    token: str
    limits: isolation.Limits
    handle: keeper.Handle
    lines: wire.Lines = field(default_factory=wire.Lines)
    waiting: collections.deque[dict[str, Any]] = field(default_factory=collections.deque)
    flight: Flight | None = None
    unsent: bytes = b""
    printed: bytes = b""
    status: bytes = b""


class Server:
    def __init__(self, served: framework.Framework, requests: int, answers: int) -> None:
        self.framework = served
        self.requests = requests
        self.answers = answers
        self.lines = wire.Lines()
        self.sessions: dict[int, Session] = {}
        self.opened = 0
        self.selector = selectors.DefaultSelector()
        self.selector.register(requests, selectors.EVENT_READ, self._take_requests)
        self.running = True

    def run(self) -> None:
        """Serves until the requests end."""
        try:
            while self.running:
                for key, mask in self.selector.select(self._patience()):
                    key.data(mask)
                self._end_overdue()
        finally:
            for number in list(self.sessions):
                self._end(self.sessions[number])

    # ------------------------------------------------------------------------------------------------------- requests

    def _take_requests(self, _mask: int) -> None:
        data = os.read(self.requests, 1 << 16)
        if not data:
            self.running = False
            return
        for line in self.lines.feed(data):
            try:
                request = wire.decode(line)
            except wire.ProtocolError as error:
                self._answer({"id": None, "ok": False, "error": wire.error("protocol", str(error))})
                continue
            self._take(request)

    def _take(self, request: dict[str, Any]) -> None:
        verb = request.get("verb")
        if verb == "hello":
            self._hello(request)
        elif verb == "open":
            self._open(request)
        elif (found := self.sessions.get(request.get("session", -1))) is None:
            if verb == "close" and isinstance(request.get("session"), int) and 0 < request["session"] <= self.opened:
                self._answer({**_head(request), "ok": True})  # it has ended by itself: closed is what it is
            else:
                kind = "died" if isinstance(request.get("session"), int) else "protocol"
                self._answer({**_head(request), "ok": False, "error": wire.error(kind, "there is no such session")})
        elif verb == "close":
            self._end(found)
            self._answer({**_head(request), "token": found.token, "ok": True})
        else:
            found.waiting.append(request)
            self._send_next(found)

    def _hello(self, request: dict[str, Any]) -> None:
        self._answer(
            {
                **_head(request),
                "ok": True,
                "framework": self.framework.name,
                "version": self.framework.version,
                "python": platform.python_version(),
                "isolation": _try_isolation(),
            }
        )

    def _open(self, request: dict[str, Any]) -> None:
        try:
            limits = isolation.Limits.of(request.get("limits") or {})
            scratch = os.path.abspath(request["scratch"])
            token = request["token"]
            if not isinstance(token, str) or not os.path.isdir(scratch):
                raise ValueError("`open` wants a `token` and an existing `scratch` directory")
            handle = keeper.start(scratch, limits, session.main_of(self.framework))
        except (KeyError, TypeError, ValueError, OSError) as error:
            self._answer({**_head(request), "ok": False, "error": wire.error_of(error, None)})
            return
        self.opened += 1
        opened = Session(self.opened, token, limits, handle)
        self.sessions[opened.number] = opened
        self._watch(opened, handle.answers, selectors.EVENT_READ, self._take_answers)
        self._watch(opened, handle.output, selectors.EVENT_READ, self._take_printed)
        self._watch(opened, handle.status, selectors.EVENT_READ, self._take_status)
        opened.waiting.append({"id": request.get("id"), "verb": "open", "token": token})
        self._send_next(opened)

    def _send_next(self, to: Session) -> None:
        if to.flight is not None or not to.waiting:
            return
        request = to.waiting.popleft()
        seconds = request.get("seconds", to.limits.seconds)
        if not isinstance(seconds, int | float) or seconds <= 0:
            seconds = to.limits.seconds
        to.flight = Flight(request.get("id"), str(request.get("verb")), time.monotonic() + seconds, seconds)
        to.unsent = wire.encode({**request, "token": to.token})
        self._watch(to, to.handle.requests, selectors.EVENT_WRITE, self._send_more)

    def _send_more(self, to: Session) -> None:
        try:
            to.unsent = to.unsent[os.write(to.handle.requests, to.unsent) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            to.unsent = b""  # it has ended; its status tells how
        if not to.unsent:
            self.selector.unregister(to.handle.requests)

    # -------------------------------------------------------------------------------------------------------- answers

    def _take_answers(self, of: Session) -> None:
        data = _read(of.handle.answers)
        if data == b"":
            self._forget(of.handle.answers)  # the status follows
        if not data:
            return
        try:
            for line in of.lines.feed(data):
                self._pass_on(of, wire.decode(line))
        except wire.ProtocolError as error:
            self._end(of, wire.error("protocol", str(error)))

    def _pass_on(self, of: Session, answer: dict[str, Any]) -> None:
        flight = of.flight
        if flight is None or answer.get("token") != of.token or answer.get("id") != flight.id:
            raise wire.ProtocolError("an answer that nobody asked for, or that lacks the session's token")
        if not isinstance(answer.get("ok"), bool):
            raise wire.ProtocolError("an answer that does not say whether it worked")
        of.flight = None
        if flight.verb == "open":
            answer.update(session=of.number, pid=of.handle.pid)
        self._answer(answer)
        self._send_next(of)

    def _take_printed(self, of: Session) -> None:
        data = _read(of.handle.output)
        if data == b"":
            self._forget(of.handle.output)
        of.printed = (of.printed + (data or b""))[-TAIL:]

    def _take_status(self, of: Session) -> None:
        data = _read(of.handle.status)
        if data:
            of.status += data
        elif data == b"":
            self._take_rest(of)
            if of.number in self.sessions:
                self._end(of, _ending(of))

    def _take_rest(self, of: Session) -> None:
        """What a session said last, before it ended."""
        for take in (self._take_printed, self._take_answers):
            for _ in range(64):
                if of.number not in self.sessions:
                    return
                with contextlib.suppress(OSError):
                    take(of)

    def _answer(self, answer: dict[str, Any]) -> None:
        try:
            wire.write_all(self.answers, wire.encode(answer))
        except BrokenPipeError:
            self.running = False

    # ------------------------------------------------------------------------------------------------------ deadlines

    def _patience(self) -> float | None:
        deadlines = [known.flight.deadline for known in self.sessions.values() if known.flight is not None]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for known in list(self.sessions.values()):
            if known.flight is not None and known.flight.deadline <= now:
                self._end(
                    known,
                    wire.error("timeout", f"no answer to `{known.flight.verb}` within {known.flight.seconds:g} s"),
                )

    def _end(self, known: Session, why: dict[str, Any] | None = None) -> None:
        """Ends a session and everything it started; its open requests are answered with `why`, the later ones with `died`."""
        del self.sessions[known.number]
        processes.end_all(processes.children(known.handle.pid))
        processes.end_group(known.handle.pid)
        processes.send(known.handle.pid, signal.SIGKILL)  # whatever its group is
        keeper.reap(known.handle.pid)
        self._end_strays()
        for descriptor in known.handle.descriptors():
            self._forget(descriptor)
            os.close(descriptor)
        why = why or wire.error("died", "the session was closed")
        printed = known.printed.decode("utf-8", "replace").strip()
        if printed:
            why["output"] = printed
        head = {"token": known.token, "ok": False}
        if known.flight is not None:
            self._answer({"id": known.flight.id, **head, "error": why})
        for request in known.waiting:
            self._answer({"id": request.get("id"), **head, "error": wire.error("died", "the session has ended")})

    def _end_strays(self) -> None:
        """Kills what a dead keeper's session left: the server's only proper children are keepers."""
        for _ in range(100):
            keepers = {known.handle.pid for known in self.sessions.values()}
            strays = [pid for pid in processes.children(os.getpid()) if pid not in keepers]
            if not strays:
                return
            processes.end_all(strays)
            for pid in strays:
                keeper.reap(pid)

    def _watch(self, of: Session, descriptor: int, events: int, act: Callable[[Session], None]) -> None:
        def act_if_alive(_mask: int) -> None:
            if of.number in self.sessions:  # it may have ended by an event that came with this one
                act(of)

        self.selector.register(descriptor, events, act_if_alive)

    def _forget(self, descriptor: int) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self.selector.unregister(descriptor)


def serve(name: str, requests: int, answers: int) -> int:
    """Runs a server of the framework `name` on two file descriptors; returns the exit status."""
    _allow_forks_on_macos()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the compiler hears of it and closes the requests
    isolation.adopt_orphans()
    served = framework.import_framework(name)
    Server(served, requests, answers).run()
    return 0


def _allow_forks_on_macos() -> None:
    """Objective-C ends a forked child that uses what its parent had begun to load, unless told so before the start."""
    if sys.platform == "darwin" and os.environ.get(_FORK_SAFETY) != "YES":
        os.environ[_FORK_SAFETY] = "YES"
        os.execv(sys.executable, sys.orig_argv)


def _head(request: dict[str, Any]) -> dict[str, Any]:
    return {name: request[name] for name in ("id", "token") if name in request}


def _read(descriptor: int) -> bytes | None:
    """What a pipe holds; empty at its end, None if there is nothing yet."""
    try:
        return os.read(descriptor, 1 << 18)
    except BlockingIOError:
        return None


def _ending(of: Session) -> dict[str, Any]:
    """How a session ended by itself, as an error."""
    try:
        status = json.loads(of.status)
    except ValueError:
        return wire.error("died", "the session's keeper was killed")
    if "exit" in status:
        return wire.error("exit", f"the process ended with status {status['exit']}")
    if "processes" in status:
        return wire.error("died", f"the session had become {status['processes']} processes")
    name = signal.Signals(status["signal"]).name
    if status["signal"] == signal.SIGXCPU:
        return wire.error("timeout", f"more than {of.limits.cpu_seconds} s of processor time")
    kind = "memory" if wire.tells_of_memory(of.printed.decode("utf-8", "replace")) else "died"
    return wire.error(kind, f"the process was ended by {name}")


def _try_isolation() -> list[str]:
    """The namespaces that sessions will get, tried in a child."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writing, json.dumps(isolation.unshare_namespaces()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        text = file.read()
    keeper.reap(pid)
    return json.loads(text or b"[]")
