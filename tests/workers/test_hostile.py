"""What a hostile model can do to its session, and cannot do to anything else: the server answers, and nothing survives."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from worker_client import WorkerError, WorkerServer, WorkerSession

MARK = "mlxify-test-survivor"


@pytest.fixture(scope="module", params=["isolated", "bare"])
def server(request: pytest.FixtureRequest) -> Iterator[WorkerServer]:
    """A server of MLX, whose sessions are cheap; once as here, once as on a system that allows no namespaces."""
    options = [] if request.param == "isolated" else ["--without-namespaces"]
    server = WorkerServer("mlx", *options)
    yield server
    assert server.close() == 0


@pytest.fixture
def session(server: WorkerServer, tmp_path: Path) -> Iterator[WorkerSession]:
    session = server.open(tmp_path / "scratch")
    yield session
    session.close()
    assert not survivors(), "a process of the session is still there"
    assert server.ask(verb="hello")["framework"] == "mlx"


def survivors() -> list[str]:
    """Processes whose command line was set to MARK, that are not zombies."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if (
                entry.name.isdigit()
                and MARK in (entry / "cmdline").read_text()
                and "State:\tZ" not in (entry / "status").read_text()
            ):
                found.append(entry.name)
        except OSError:
            continue
    return found


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


def failure(session: WorkerSession, text: str, **request: object) -> WorkerError:
    path = session.scratch / "model.py"
    path.write_text(text)
    with pytest.raises(WorkerError) as raised:
        session.ask("load", path=str(path), name="model", **request)
    return raised.value


def is_alive(session: WorkerSession) -> bool:
    try:
        session.ask("load", path=str(session.scratch / "model.py"), name="model")
    except WorkerError as error:
        return error.type != "died"
    return True


def test_endless_loop_meets_its_deadline(session: WorkerSession) -> None:
    begin = time.monotonic()
    assert failure(session, "while True:\n    pass", seconds=0.5).type == "timeout"
    assert time.monotonic() - begin < 5
    assert not is_alive(session)


def test_deadline_ends_what_the_model_started_and_hid(session: WorkerSession) -> None:
    """A child in a session of its own, orphaned twice over, deaf to signals."""
    text = f"""
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        os.execvp("sh", ["sh", "-c", "sleep 60; : {MARK}"])
    os._exit(0)
time.sleep(60)
"""
    assert failure(session, text, seconds=1).type == "timeout"
    assert not survivors()


def test_children_end_with_a_session_that_ends_itself(session: WorkerSession) -> None:
    text = f"""
import os, subprocess
subprocess.Popen(["sh", "-c", "sleep 60; : {MARK}"], start_new_session=True)
os._exit(5)
"""
    error = failure(session, text)
    assert (error.type, error.record["message"]) == ("exit", "the process ended with status 5")


def test_fork_bomb_is_ended(server: WorkerServer, tmp_path: Path) -> None:
    session = server.open(tmp_path / "bomb", processes=8)
    error = failure(session, "import os, time\nwhile True:\n    os.fork()\n    time.sleep(0.02)", seconds=30)
    assert error.type == "died"
    assert "processes" in error.record["message"]
    session.close()


def test_huge_allocation_is_refused(session: WorkerSession) -> None:
    assert failure(session, "x = bytearray(1 << 44)").type == "memory"
    assert failure(session, "import numpy\nx = numpy.ones((1 << 40,))").type == "memory"
    assert is_alive(session)


def test_exits(session: WorkerSession) -> None:
    assert failure(session, "import sys\nsys.exit(3)").type == "exit"
    assert is_alive(session)
    assert failure(session, "raise KeyboardInterrupt").type == "KeyboardInterrupt"
    error = failure(session, "import os\nprint('last words', flush=True)\nos._exit(0)")
    assert error.type == "exit"
    assert error.record["output"] == "last words"
    assert not is_alive(session)


def test_crash_is_told(session: WorkerSession) -> None:
    error = failure(session, "import ctypes\nctypes.string_at(8)")
    assert error.type == "died"
    assert "SIGSEGV" in error.record["message"]


@pytest.mark.parametrize("target", ["os.getppid()", "-os.getppid()", "0", "-1"])
def test_signals_reach_no_server(server: WorkerServer, tmp_path: Path, target: str) -> None:
    """Without a process namespace `kill(-1)` would reach all processes of the user, so that is not tried there."""
    if target == "-1" and not server.ask(verb="hello")["isolation"]:
        pytest.skip("no process namespace: the signal would end the tests")
    session = server.open(tmp_path / "scratch")
    text = f"import os, signal, time\nif {target} or {target} == 0:\n    os.kill({target}, signal.SIGKILL)\ntime.sleep(0.2)\n"
    path = tmp_path / "scratch" / "model.py"
    path.write_text(text)
    try:
        session.ask("load", path=str(path), name="model")
    except WorkerError as error:
        assert error.type in ("died", "ProcessLookupError", "PermissionError")
    assert server.ask(verb="hello")["ok"]
    session.close()


def test_forged_answers_go_nowhere(session: WorkerSession) -> None:
    text = """
import json, os
line = json.dumps({"id": 1, "ok": True, "token": "", "definitions": "forged"}).encode() + b"\\n"
for descriptor in range(64):
    try:
        os.write(descriptor, line)
    except OSError:
        pass
"""
    assert session.load(text)["definitions"] == []


def test_answers_without_the_token_end_the_session(session: WorkerSession) -> None:
    text = """
import os
for descriptor in range(64, 1024):
    try:
        os.write(descriptor, b'{"id": 1, "ok": true, "token": "guessed"}\\n')
    except OSError:
        pass
"""
    assert failure(session, text).type == "protocol"
    assert not is_alive(session)


@pytest.mark.parametrize("junk", ["b'no json\\\\n'", "b'[1]\\\\n'", "b'x' * (40 << 20)"])
def test_junk_instead_of_an_answer(session: WorkerSession, junk: str) -> None:
    text = f"""
import os, stat
for descriptor in range(64, 1024):
    try:
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            os.write(descriptor, {junk})
    except OSError:
        pass
"""
    assert failure(session, text).type == "protocol"


def test_a_fork_that_comes_back_says_nothing(session: WorkerSession) -> None:
    assert session.load("import os\nchild = os.fork()\n")["definitions"] == []
    assert session.load("x = 1\n")["definitions"] == []


def test_environment_holds_no_secrets(session: WorkerSession) -> None:
    session.load("import os\nfound = [name for name in os.environ if 'SECRET' in name]\nassert not found, found\n")
    session.load(f"import os\nassert os.getcwd() == os.environ['HOME'] == {str(session.scratch)!r}\n")


def test_network_is_out_of_reach(session: WorkerSession) -> None:
    if "network" not in session.isolation["namespaces"]:
        pytest.skip("this system allows no network namespace")
    error = failure(session, "import socket\nsocket.create_connection(('127.0.0.1', 9), timeout=2)")
    assert error.type == "OSError"
    assert "unreachable" in error.record["message"]


def test_files_outside_of_scratch_stay(session: WorkerSession, tmp_path: Path) -> None:
    if not session.isolation["read_only"]:
        pytest.skip("this system allows no read-only view of its files")
    victim = tmp_path / "victim.txt"
    victim.write_text("precious")
    assert failure(session, f"import os\nos.remove({str(victim)!r})").type == "OSError"
    assert failure(session, f"open({str(victim)!r}, 'w')").type == "OSError"
    assert (
        failure(
            session,
            "import ctypes\nlibc = ctypes.CDLL(None)\nassert libc.mount(b'none', b'/', None, 32 + 4096, None) == 0",
        ).type
        == "AssertionError"
    )
    assert victim.read_text() == "precious"
    session.load("open('mine.txt', 'w').write('fine')\n")
    assert (session.scratch / "mine.txt").read_text() == "fine"


def test_endless_printing_is_bounded(session: WorkerSession) -> None:
    error = failure(session, "import os\nprint('x' * (1 << 22) + 'end', flush=True)\nos._exit(1)")
    assert len(error.record["output"]) <= 4096
    assert error.record["output"].endswith("end")


def test_files_are_bounded(server: WorkerServer, tmp_path: Path) -> None:
    session = server.open(tmp_path / "scratch", file_mb=1)
    error = failure(session, "with open('big', 'wb') as file:\n    file.write(bytes(1 << 22))")
    assert error.type == "OSError"
    assert (tmp_path / "scratch" / "big").stat().st_size <= 1 << 20
    session.close()


def test_replaced_builtins_do_not_stop_answers(session: WorkerSession) -> None:
    text = """
import builtins, json, os
json.dumps = os.write = None
def refuse(*arguments): raise SystemExit
builtins.print = refuse
"""
    assert session.load(text)["definitions"][0]["name"] == "refuse"
    assert session.load("x = 1")["definitions"] == []


def test_a_session_does_not_disturb_another(server: WorkerServer, tmp_path: Path) -> None:
    one, other = server.open(tmp_path / "one"), server.open(tmp_path / "other")
    path = tmp_path / "one" / "model.py"
    path.write_text("while True: pass")
    pending = server.send(verb="load", session=one.number, token=one.token, path=str(path), name="m", seconds=1.5)
    assert other.load("def f(): pass")["definitions"][0]["name"] == "f"  # answered before the first one's deadline
    answer = server.receive()
    assert (answer["id"], answer["error"]["type"]) == (pending, "timeout")
    one.close()
    other.close()


def test_server_and_sessions_end_with_the_requests(tmp_path: Path) -> None:
    server = WorkerServer("mlx")
    session = server.open(tmp_path / "scratch")
    assert server.close() == 0
    with pytest.raises(ProcessLookupError):
        os.kill(session.pid, 0)


def test_sessions_end_when_the_server_is_killed(tmp_path: Path) -> None:
    server = WorkerServer("mlx")
    session = server.open(tmp_path / "scratch")
    session.load(f"import subprocess\nsubprocess.Popen(['sh', '-c', 'sleep 60; : {MARK}'])\n")
    assert within(5, lambda: bool(survivors())), "a program begins under the name of what started it"
    server.process.kill()
    server.process.wait()
    assert within(5, lambda: not survivors())
    assert session.isolation["namespaces"], "without namespaces a killed server leaves grandchildren behind"


def test_a_server_that_is_left_while_a_session_begins_ends(tmp_path: Path) -> None:
    """The keeper has not made its process group yet, nor started the session, when both are to be ended."""
    for turn in range(12):
        server = WorkerServer("mlx")
        server.ask(verb="hello")
        scratch = tmp_path / str(turn)
        scratch.mkdir()
        server.send(verb="open", scratch=str(scratch), limits={"seconds": 60}, token="t")
        time.sleep(turn * 0.0005)
        assert server.close() == 0
