"""What keeps a session from harming anything: limits, namespaces, a read-only file system, no privileges, a bare environment.

Everything is tried and what was obtained is reported, because a container may allow less; resource limits, the scratch
directory and the deadline hold everywhere. Linux numbers are spelled out: Python 3.11 knows none of these calls.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
import tempfile
from dataclasses import dataclass
from typing import Any

LINUX = sys.platform == "linux"

_CLONE_NEWNS, _CLONE_NEWIPC = 0x00020000, 0x08000000
_CLONE_NEWUSER, _CLONE_NEWPID, _CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 24, 36, 38
_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18
_SYS_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
_LAST_CAPABILITY = 40
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "VIRTUAL_ENV")

_forgone = False
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Limits:
    """Bounds of one session. `seconds`: of a request that names no deadline; `memory_mb`: address space beyond what the
    framework itself takes; `cpu_seconds`: of the whole session."""

    seconds: float = 120.0
    memory_mb: int = 8192
    processes: int = 64
    file_mb: int = 1024
    cpu_seconds: int = 3600

    @staticmethod
    def of(record: dict[str, Any]) -> Limits:
        """Reads the `limits` of an `open` request. Raises ValueError for what is no positive number."""
        known = {name: record[name] for name in Limits.__dataclass_fields__ if name in record}
        for name, value in known.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
                raise ValueError(f"limit `{name}` is no positive number")
        return Limits(**known)


def adopt_orphans() -> bool:
    """Makes this process the parent of every descendant whose parent ends, so that none gets away."""
    return LINUX and _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def die_with_parent() -> None:
    if LINUX:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def unshare_namespaces() -> list[str]:
    """Leaves the network, IPC and process namespaces; returns the names of what worked.

    The process namespace holds for children only. Without privileges a user namespace is made first.
    """
    if not LINUX or _forgone:
        return []
    obtained = []
    if _libc.unshare(_CLONE_NEWNET) != 0:
        user, group = os.getuid(), os.getgid()
        if _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
            return []
        with contextlib.suppress(OSError):
            _write("/proc/self/setgroups", "deny")
            _write("/proc/self/uid_map", f"{user} {user} 1")
            _write("/proc/self/gid_map", f"{group} {group} 1")
    obtained.append("network")
    for name, flag in (("ipc", _CLONE_NEWIPC), ("processes", _CLONE_NEWPID)):
        if _libc.unshare(flag) == 0:
            obtained.append(name)
    return obtained


def forgo_namespaces() -> None:
    """Lets this process, and all it forks, do without: to see what still holds then."""
    global _forgone
    _forgone = True


def make_read_only(scratch: str) -> bool:
    """Makes every file system read-only but for `scratch`, and hides other processes, in a mount namespace of this process.

    The keeper must not share it: the processes that it watches would be hidden from it.
    """
    if _libc.unshare(_CLONE_NEWNS) != 0 or _libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None) != 0:
        return False
    _libc.mount(b"proc", b"/proc", b"proc", 0, None)  # refused in some containers, which is no harm
    folder = os.fsencode(scratch)
    if _libc.mount(folder, folder, None, _MS_BIND, None) != 0:
        return False
    return _set_mount(b"/", _AT_RECURSIVE, on=_MOUNT_ATTR_RDONLY) and _set_mount(folder, 0, off=_MOUNT_ATTR_RDONLY)


def _set_mount(path: bytes, flags: int, on: int = 0, off: int = 0) -> bool:
    attributes = (ctypes.c_uint64 * 4)(on, off, 0, 0)
    call = _libc.syscall(
        _SYS_MOUNT_SETATTR, _AT_FDCWD, path, flags, ctypes.byref(attributes), ctypes.sizeof(attributes)
    )
    return call == 0


def drop_privileges() -> bool:
    """Gives up every capability for good; a superuser stays the owner of its files and nothing more."""
    if not LINUX:
        return False
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for capability in range(_LAST_CAPABILITY + 1):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this process
    nothing = (ctypes.c_uint32 * 6)()
    return _libc.capset(ctypes.byref(header), ctypes.byref(nothing)) == 0


def limit_resources(limits: Limits) -> None:
    """Bounds this process and all it starts. The count of processes is watched by the keeper too: RLIMIT_NPROC does not
    bind the superuser."""
    megabyte = 1 << 20
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, int(limits.file_mb * megabyte))
    _lower(resource.RLIMIT_CPU, int(limits.cpu_seconds))
    _lower(resource.RLIMIT_NOFILE, 1024)
    if LINUX:
        _lower(resource.RLIMIT_AS, _address_space() + int(limits.memory_mb * megabyte))


def bare_environment(scratch: str) -> None:
    """Keeps no variable but the harmless; home, working and temporary directory are the scratch directory."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    os.environ.clear()
    os.environ.update(kept, HOME=scratch, TMPDIR=scratch, OMP_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="1")
    tempfile.tempdir = None
    os.chdir(scratch)


def _lower(kind: int, bound: int) -> None:
    hard = resource.getrlimit(kind)[1]
    bound = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
    resource.setrlimit(kind, (bound, bound))


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGESIZE")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
