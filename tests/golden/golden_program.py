"""Runs the installed compiler over many files in one process."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PROGRAM = os.environ.get("MLXIFY_BIN", str(FOLDER.parents[1] / ".venv/bin/mlxify"))


@dataclass
class Printed:
    """What `convert --print text` gave for one file: text, or refusals as `line:column code message`."""

    text: bytes = b""
    refusals: list[str] = field(default_factory=list)


def layout_of(case: str) -> str:
    """The `--layout` of a case: that between classes where its name says so, else the default."""
    return "channels-last" if case.startswith("channels_last") else "auto"


def convert_all(files: dict[str, Path]) -> dict[str, Printed]:
    """What the compiler prints for each file, by the key of `files`. Fails if it ends with a bug of its own."""
    result = {}
    for layout in ("auto", "channels-last"):
        result.update(_convert({name: path for name, path in files.items() if layout_of(name) == layout}, layout))
    return result


def _convert(files: dict[str, Path], layout: str) -> dict[str, Printed]:
    if not files:
        return {}
    paths = [str(path) for path in files.values()]
    command = [PROGRAM, "convert", "--print", "text", "--layout", layout, *paths]
    ran = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert ran.returncode in (0, 1), ran.stderr.decode()
    result = {}
    rest = ran.stdout
    for at, (name, path) in enumerate(files.items()):
        text = rest
        if len(files) > 1:  # each text stands below its path
            header = f"==> {path} <==\n".encode()
            assert rest.startswith(header), f"{path} is missing in what was printed"
            rest = rest[len(header) :]
            following = f"==> {paths[at + 1]} <==\n".encode() if at + 1 < len(paths) else None
            end = rest.index(following) if following else len(rest)
            text, rest = rest[:end], rest[end:]
        result[name] = Printed(text, refusals_of(str(path), ran.stderr.decode()))
    return result


def refusals_of(path: str, messages: str) -> list[str]:
    """The refusals among the compiler's messages that concern a path."""
    found = re.findall(rf"^{re.escape(path)}:(?:(\d+:\d+):)? (MX\d+) (.*)$", messages, re.M)
    return [f"{place or '-'} {code} {message}" for place, code, message in found]
