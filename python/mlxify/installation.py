"""A digest of what the interpreter would import: an unchanged one means that an earlier proof still stands.

    python -m mlxify.installation

It covers the interpreter, the machine's architecture, what is installed (by the names and times of the entries of each folder of installed
packages) and the sources of every other folder of the module path. Prints nothing where that cannot be told: an editable installation may
change without a trace in any of these folders.
"""

import hashlib
import os
import platform
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _sources(folder: str) -> Iterator[str]:
    """Every Python source below, with its size and time."""
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
        for name in sorted(files):
            if name.endswith(".py"):
                source = os.path.join(path, name)
                status = os.stat(source)
                yield f"{source} {status.st_size} {status.st_mtime_ns}"


def _own_package() -> Iterator[str]:
    root = Path(__file__).parent
    for source in sorted(root.rglob("*.py")):
        yield f"{source.relative_to(root)} {hashlib.sha256(source.read_bytes()).hexdigest()}"


def _parts() -> list[str] | None:
    """What the digest is made of; None: it cannot be told."""
    known = {os.path.realpath(sysconfig.get_paths()[name]) for name in ("stdlib", "platstdlib")}
    known |= {os.path.join(folder, "lib-dynload") for folder in known}
    own_root = os.path.realpath(Path(__file__).parent.parent)
    parts = [sys.version, platform.machine(), *_own_package()]
    for folder in dict.fromkeys(os.path.realpath(name) for name in sys.path if name):
        if folder in known or folder == own_root or not os.path.isdir(folder):
            continue
        entries = _entries(folder)
        if any(entry.name.startswith("__editable__") and entry.name.endswith(".py") for entry in entries):
            return None
        if any(entry.name.endswith(".dist-info") for entry in entries):
            parts += [
                f"{folder}/{entry.name} {entry.stat().st_mtime_ns}" for entry in entries if entry.name != "__pycache__"
            ]
        else:
            parts += _sources(folder)
    return parts


def digest() -> str:
    """64 hexadecimal digits; empty: it cannot be told."""
    parts = _parts()
    if parts is None:
        return ""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


if __name__ == "__main__":
    print(digest())
