"""Workers of a search: registration, and detection of killed ones.

On one machine each worker holds a file lock: the operating system releases the lock of a process that
was killed, so that its trials are found at once. Workers of other machines have a heartbeat in the
database.
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
HEARTBEAT_S, SILENCE_S = (
    60,
    300,
)  # period of the heartbeat, and silence after which a worker counts as killed


@contextmanager
def register_worker(folder: Path) -> Iterator[str]:
    """Yield a unique worker id, `host:file`, held as a file lock for the life of the process."""
    file = folder.absolute() / FOLDER / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    # Under a common lock, so that a new file is not removed as a leftover.
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
    """Return whether the process of a worker is alive; None on another machine, whose locks are unknown."""
    host, _, file = worker.partition(":")
    if host != socket.gethostname():
        return None
    return Path(file).exists() and is_held(Path(file))
