"""File locks between processes, with a log line that names the holder during a wait."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

log = logging.getLogger(__name__)

SILENT_S, REPEAT_S = 2.0, 60.0  # before the first log line of a wait, and between later ones


@contextmanager
def locked(file: Path, purpose: str) -> Iterator[None]:
    """Hold the lock of a file in the block; the system releases the lock of a killed process.

    file: the lock file, created if needed. It remains, and can be deleted while no process holds it.
    purpose: reason of the lock that completes "waiting ...", such as "for the cache entry
    simulated-1a2b" or "to create mlflow.db".

    A wait of more than two seconds is logged, with the process that holds the lock. Raises OSError
    if the file cannot be written.
    """
    lock = FileLock(file)
    _acquire(lock, file, purpose)
    try:
        _record_holder(file)
        yield
    finally:
        lock.release()


def is_held(file: Path) -> bool:
    """Return whether a process holds the lock of an existing file. Raises OSError."""
    try:
        with FileLock(file, blocking=False):
            return False
    except Timeout:
        return True


def try_lock(file: Path) -> FileLock | None:
    """Return the lock of a file, held by this process, or None if another process holds it.

    Raises OSError if the file cannot be written.
    """
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    _record_holder(file)
    return lock


def _record_holder(file: Path) -> None:
    with suppress(OSError):  # without the record, other processes read "another process"
        file.write_text(f"{os.getpid()} {socket.gethostname()}\n")


def _acquire(lock: FileLock, file: Path, purpose: str) -> None:
    patience_s = SILENT_S
    while True:
        try:
            lock.acquire(timeout=patience_s)
            return
        except Timeout:
            log.warning("waiting %s: %s holds %s", purpose, describe_holder(file), file)
            patience_s = REPEAT_S


def describe_holder(file: Path) -> str:
    """Return the process that holds a lock file, such as "process 4711, which is suspended"."""
    try:
        number, host = file.read_text().split()
    except (OSError, ValueError):
        return "another process"
    if host != socket.gethostname():
        return f"process {number} on {host}"
    if _is_suspended(number):
        return f"process {number}, which is suspended (kill -CONT {number} continues it),"
    return f"process {number}"


def _is_suspended(pid: str) -> bool:
    """Return whether a process of this machine was stopped by Ctrl-Z or SIGSTOP (False outside of Linux)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state in ("T", "t")
