"""Storage of the trials of a study: a journal beside them, or a database."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import optuna
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from astroclf.errors import UserError, one_line
from astroclf.files import named_path
from astroclf.redaction import redact
from astroclf.sweep.journal import Journal
from astroclf.sweep.processes import HEARTBEAT_S, SILENCE_S

JOURNAL = "study.journal"
SQLITE = "sqlite:///"
PAUSES_S = (0.5, 1.0, 2.0)
# Errors of SQLite for a file that is not a database, or a truncated one.
DAMAGED_FILE = ("malformed", "not a database", "disk i/o error", "no such table", "no such column")


@lru_cache(maxsize=8)
def open_storage(address: str | None, folder: Path) -> BaseStorage:
    """Return the storage of that address; without one, a journal in the folder. Opened once a process.

    Raises UserError if it cannot be reached, read or written.
    """
    try:
        with explained(address, folder):
            return _open(address, folder)
    except UserError:
        raise
    except Exception as error:
        if address is not None and "://" in address:
            raise _unreachable(redact(address), error) from error
        raise UserError(
            f"{address or folder / JOURNAL} is damaged or no journal of a study ({type(error).__name__}: {one_line(error)}). "
            "Restore it from a copy, or start another study with hydra.sweeper.study_name=<name>."
        ) from error


def _open(address: str | None, folder: Path) -> BaseStorage:
    if address is None or "://" not in address:
        file = folder / JOURNAL if address is None else named_path(address, "hydra.sweeper.storage")
        file.parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(Journal(file))
    if address.startswith("redis"):
        return optuna.storages.get_storage(address)
    if address.startswith(f"{SQLITE}~"):
        file = named_path(address.removeprefix(SQLITE), "hydra.sweeper.storage")
        address = URL.create("sqlite", database=str(file)).render_as_string()
    return _open_with_retries(address)


@contextmanager
def explained(address: str | None, folder: Path) -> Iterator[None]:
    """Re-raise an error of the disk or of the database as a UserError that names it."""
    try:
        yield
    except (SQLAlchemyError, StorageInternalError, ImportError) as error:
        raise _unreachable(redact(str(address)), error) from error
    except OSError as error:
        if address is not None and "://" in address:
            raise _unreachable(redact(address), error) from error
        place = error.filename or address or folder / JOURNAL
        raise UserError(
            f"{place} cannot be read or written ({error.strerror or one_line(error)}). Free space on the disk, or give the "
            "permission; the same command then resumes the search."
        ) from error


def _unreachable(place: str, error: Exception) -> UserError:
    reason = redact(one_line(error, 300))
    if place.startswith("sqlite") and any(phrase in reason.lower() for phrase in DAMAGED_FILE):
        remedy = (
            "the file is damaged. Restore it from a copy, or give another hydra.sweeper.storage"
        )
    elif place.startswith("sqlite"):
        remedy = "does its folder exist, is there room on the disk, and may it be written?"
    else:
        remedy = "is the server running, and its driver installed?"
    return UserError(
        f"hydra.sweeper.storage={place} cannot be reached ({type(error).__name__}: {reason}): {remedy}"
        + ("" if remedy.endswith("?") else ".")
    )


def _open_with_retries(address: str) -> RDBStorage:
    """Open a database, again after a failure: of processes that find it empty together, one creates the
    tables, and the others fail."""
    for pause_s in PAUSES_S:
        try:
            return _open_database(address)
        except (DBAPIError, RuntimeError):
            time.sleep(pause_s)
    return _open_database(address)


def _open_database(address: str) -> RDBStorage:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # of the heartbeat
        return RDBStorage(
            address,
            engine_kwargs={"pool_pre_ping": True},
            heartbeat_interval=HEARTBEAT_S,
            grace_period=SILENCE_S,
        )
