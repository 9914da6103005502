"""Peers: processes of the same user that train on this machine at the same time, found by lock files."""

from __future__ import annotations

import atexit
import functools
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

import psutil

from astroclf.locks import is_held, locked
from astroclf.training.cores import usable_cores


def runtime_folder() -> Path:
    """Return the folder of the lock files: one a user, in the system's temporary folder."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return Path(tempfile.gettempdir()) / f"astroclf-{user}"


@functools.cache
def register() -> None:
    """Count this process among those that train, until it ends.

    It holds the lock of a file named after its pid. If the file cannot be written, the process is not
    counted.
    """
    file = runtime_folder() / f"{os.getpid()}.lock"
    until_exit = ExitStack()
    atexit.register(until_exit.close)
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        until_exit.enter_context(locked(file, "to be counted among the processes that train"))
        until_exit.callback(file.unlink, missing_ok=True)
    except OSError:
        return


def find_peers() -> list[int]:
    """Return the pids of the other processes that train on cores which this one may use."""
    mine = usable_cores()
    return [pid for pid in _registered_pids() if _shares_cores(pid, mine)]


def _registered_pids() -> list[int]:
    """Return the pids of other living processes; the files of killed ones are removed."""
    pids = []
    for file in runtime_folder().glob("*.lock"):
        if not file.stem.isdecimal() or int(file.stem) == os.getpid():
            continue
        try:
            if is_held(file):
                pids.append(int(file.stem))
            else:
                file.unlink(missing_ok=True)
        except OSError:
            continue
    return sorted(pids)


def _shares_cores(pid: int, cores: frozenset[int]) -> bool:
    try:
        return not cores.isdisjoint(usable_cores(pid))
    except psutil.Error:
        return False
