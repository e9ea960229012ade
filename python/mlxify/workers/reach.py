"""Which lines of a file ran."""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Iterator
from typing import Any

from mlxify.workers.definitions import Source


@contextlib.contextmanager
def lines_of(path: str) -> Iterator[set[int]]:
    """The set grows by the line numbers of `path` that run within, in this thread."""
    ran: set[int] = set()

    def in_frame(frame: types.FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            ran.add(frame.f_lineno)
        return in_frame

    def at_call(frame: types.FrameType, event: str, argument: Any) -> Any:
        return in_frame if frame.f_code.co_filename == path else None

    sys.settrace(at_call)
    try:
        yield ran
    finally:
        sys.settrace(None)


def compile_with_lines(source: Source) -> tuple[types.CodeType, set[int]]:
    """The file's code and the lines that it could run. Raises SyntaxError."""
    code = compile(source.text, source.path, "exec", dont_inherit=True)
    return code, executable_lines(code)


def executable_lines(code: types.CodeType) -> set[int]:
    """Lines that code, or code defined in it, could run. A line that only begins a function counts where it is defined."""
    found: set[int] = set()
    pending = [code]
    while pending:
        current = pending.pop()
        pending += [constant for constant in current.co_consts if isinstance(constant, types.CodeType)]
        # The first instruction enters the code: its line runs with the definition, not with the body.
        entry = next((end for _, end, line in current.co_lines() if line is not None), 0)
        lines = {line for begin, _, line in current.co_lines() if line and begin >= entry}
        found |= lines if current is code else lines - {current.co_firstlineno}
        if current is not code and current.co_name.startswith("<"):  # a lambda or comprehension begins with its body
            found.add(current.co_firstlineno)
    return found - {0}
