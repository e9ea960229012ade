"""A client of the worker protocol for tests: one server, sessions by verb."""

from __future__ import annotations

import json
import os
import secrets
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PACKAGES = Path(__file__).resolve().parents[2] / "python"
Json = dict[str, Any]


class WorkerError(Exception):
    """An answer that is not ok; `record` is its `error`."""

    def __init__(self, record: Json) -> None:
        super().__init__(f"{record.get('type')}: {record.get('message')}")
        self.record = record
        self.type = record.get("type")


class WorkerServer:
    def __init__(self, framework: str, *options: str) -> None:
        requests, self._requests = os.pipe()
        self._answers, answers = os.pipe()
        command = [sys.executable, "-m", "mlxify.workers", framework, "--in", str(requests), "--out", str(answers)]
        command += options
        environment = {**os.environ, "PYTHONPATH": str(PACKAGES), "SECRET_OF_THE_USER": "42"}
        self.process = subprocess.Popen(command, pass_fds=(requests, answers), env=environment)
        os.close(requests)
        os.close(answers)
        self._id = 0
        self._buffer = b""

    def send(self, **request: Any) -> int:
        self._id += 1
        os.write(self._requests, json.dumps({"id": self._id, **request}).encode() + b"\n")
        return self._id

    def receive(self, seconds: float = 120) -> Json:
        deadline = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            if not select.select([self._answers], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError("no answer of the server")
            data = os.read(self._answers, 1 << 16)
            if not data:
                raise EOFError("the server has ended")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)

    def ask(self, **request: Any) -> Json:
        id = self.send(**request)
        answer = self.receive()
        assert answer["id"] == id
        if not answer["ok"]:
            raise WorkerError(answer["error"])
        return answer

    def open(self, scratch: Path, **limits: Any) -> WorkerSession:
        return WorkerSession(self, scratch, limits)

    def close(self) -> int:
        os.close(self._requests)
        status = self.process.wait(10)
        os.close(self._answers)
        return status


class WorkerSession:
    def __init__(self, server: WorkerServer, scratch: Path, limits: Json) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self.server = server
        self.scratch = scratch
        self.token = secrets.token_hex(16)
        opened = server.ask(verb="open", scratch=str(scratch), limits={"seconds": 60, **limits}, token=self.token)
        assert opened["token"] == self.token
        self.number = opened["session"]
        self.pid = opened["pid"]
        self.isolation = opened["isolation"]

    def ask(self, verb: str, **request: Any) -> Json:
        answer = self.server.ask(verb=verb, session=self.number, token=self.token, **request)
        assert answer["token"] == self.token
        return answer

    def path(self, name: str) -> str:
        return str(self.scratch / name)

    def load(self, text: str, **options: Any) -> Json:
        path = self.scratch / "model.py"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return self.ask("load", path=str(path), name="model", **options)

    def close(self) -> None:
        self.ask("close")
