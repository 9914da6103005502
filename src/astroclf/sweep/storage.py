"""Where the trials of a study are remembered: a journal beside them, or a database."""

from __future__ import annotations

import time
import warnings
from functools import lru_cache
from pathlib import Path

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.exc import DBAPIError

from astroclf.errors import UserError
from astroclf.redaction import redact
from astroclf.sweep.processes import HEARTBEAT_S, SILENCE_S

JOURNAL = "study.journal"
PAUSES_S = (0.5, 1.0, 2.0)


@lru_cache(maxsize=8)
def open_storage(address: str | None, folder: Path) -> BaseStorage:
    """The storage of that address; without one, a journal in the folder. Opened once a process.

    Raises UserError if it cannot be reached.
    """
    try:
        if address is None or "://" not in address:
            journal = folder / JOURNAL if address is None else Path(address)
            journal.parent.mkdir(parents=True, exist_ok=True)
            return JournalStorage(JournalFileBackend(str(journal)))
        if address.startswith("redis"):
            return optuna.storages.get_storage(address)
        return _open_patiently(address)
    except Exception as error:
        reason = " ".join(redact(str(error)).split())[:300]
        raise UserError(
            f"hydra.sweeper.storage={redact(str(address))} cannot be reached "
            f"({type(error).__name__}: {reason}): is the server running, and its driver installed?"
        ) from error


def _open_patiently(address: str) -> RDBStorage:
    """Of processes that find an empty database together, one makes its tables and the others trip
    over them: those try again."""
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
