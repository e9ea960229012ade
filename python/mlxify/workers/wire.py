"""JSON lines: splitting a stream into bounded lines, answers, and Python exceptions as error records."""

from __future__ import annotations

import json
import os
import traceback
from typing import Any

from mlxify.workers.conditions import failed_conditions

MAX_LINE = 32 << 20  # bytes; the compiler's side stops reading at 64 MiB
MAX_MESSAGE = 2000  # characters of an exception's text
MAX_FRAMES = 12

# What allocators of either framework say when they fail; torch and MLX raise these as RuntimeError.
_OUT_OF_MEMORY = (
    "can't allocate memory",
    "not enough memory",
    "Unable to allocate",
    "bad_alloc",
    "Cannot allocate memory",
)


_loads, _dumps, _write = json.loads, json.dumps, os.write  # a model may replace them where it finds them


class ProtocolError(Exception):
    """A line that no worker would send: too long, no JSON object, or a wrong token."""


class Lines:
    """Splits what arrives on a pipe into lines. Raises ProtocolError above `limit` bytes without a line break."""

    def __init__(self, limit: int = MAX_LINE) -> None:
        self.limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        *complete, rest = data.split(b"\n")
        lines = []
        for piece in complete:
            lines.append(b"".join([*self._parts, piece]))
            self._parts, self._size = [], 0
        if rest:
            self._parts.append(rest)
            self._size += len(rest)
        if self._size > self.limit or any(len(line) > self.limit for line in lines):
            raise ProtocolError(f"a line of more than {self.limit} bytes")
        return lines


def decode(line: bytes) -> dict[str, Any]:
    """The JSON object of one line. Raises ProtocolError."""
    try:
        record = _loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"no JSON: {error}") from None
    if not isinstance(record, dict):
        raise ProtocolError("a line holds no JSON object")
    return record


def encode(record: dict[str, Any]) -> bytes:
    """One line. Raises ValueError for what JSON lacks: NaN and the infinities."""
    return _dumps(record, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace") + b"\n"


def write_all(descriptor: int, data: bytes) -> None:
    """Writes everything; the descriptor is a blocking pipe. Raises BrokenPipeError."""
    view = memoryview(data)
    while view:
        view = view[_write(descriptor, view) :]


def error(kind: str, message: str, **more: Any) -> dict[str, Any]:
    """The `error` of an answer that no exception stands behind."""
    return {"type": kind, "message": message[:MAX_MESSAGE], **more}


def error_of(exception: BaseException, model_file: str | None) -> dict[str, Any]:
    """The `error` of an answer: the exception's class and text, the deepest line inside the model file, the inner frames.

    Exhausted memory has the type `memory` whoever noticed it, and `sys.exit` the type `exit`.
    """
    frames = []
    line = None
    for frame in traceback.extract_tb(exception.__traceback__):
        in_model = model_file is not None and frame.filename == model_file
        if in_model:
            line = frame.lineno
        if in_model or line is not None:
            frames.append(
                {"file": "model" if in_model else "library", "line": frame.lineno or 0, "function": frame.name}
            )
    if isinstance(exception, SyntaxError) and model_file is not None and exception.filename == model_file:
        line = exception.lineno
    try:
        message = str(exception)
    except Exception:
        message = "(the exception has no text)"
    record = error(_kind(exception, message), message, frames=frames[-MAX_FRAMES:])
    if line is not None:
        record["line"] = line
    if conditions := failed_conditions(exception.__traceback__, model_file):
        record["conditions"] = conditions
    return record


def _kind(exception: BaseException, message: str) -> str:
    if isinstance(exception, SystemExit):
        return "exit"
    if isinstance(exception, MemoryError):
        return "memory"
    if isinstance(exception, RuntimeError | OSError) and tells_of_memory(message):
        return "memory"
    return type(exception).__name__


def tells_of_memory(message: str) -> bool:
    """Whether a message is an allocator's complaint."""
    return any(text in message for text in _OUT_OF_MEMORY)
