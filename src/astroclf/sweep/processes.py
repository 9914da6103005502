"""Which processes work on a search, and which were killed.

On one machine each holds a lock for as long as it lives: the operating system lets go of the lock of
a process that was killed, so that its trials are found without waiting for anything. Processes of
other machines are known by the heartbeat that they leave in a database.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from astroclf.locks import is_held, locked, try_lock

FOLDER, REGISTRATION = "processes", "registration"
HEARTBEAT_S, SILENCE_S = 60, 300  # how often it beats, and when it is taken to have stopped


@contextmanager
def register_worker(folder: Path) -> Iterator[str]:
    """A worker that no other process ever has, as `host:file`, until the end; the file is its lock."""
    file = folder.absolute() / FOLDER / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    # Under a common lock, so that a new file is not taken for a leftover.
    with locked(file.parent / REGISTRATION, f"to join the search in {folder}"):
        _remove_leftovers(file.parent)
        lock = try_lock(file)
    assert lock is not None, f"{file} is new"
    try:
        yield f"{socket.gethostname()}:{file}"
    finally:
        file.unlink(missing_ok=True)
        lock.release()


def _remove_leftovers(folder: Path) -> None:
    """Remove the lock files of killed processes; without a file, `is_alive` is False as well."""
    for file in folder.glob("*.lock"):
        with suppress(OSError):
            if not is_held(file):
                file.unlink()


def is_alive(worker: str) -> bool | None:
    """Whether a process sits there; None for one of another machine, whose locks say nothing here."""
    host, _, file = worker.partition(":")
    if host != socket.gethostname():
        return None
    return Path(file).exists() and is_held(Path(file))
