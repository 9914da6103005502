"""Atomic creation and check of MLflow's database file."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from astroclf.locks import locked
from astroclf.tracking.addresses import sqlite_uri
from astroclf.tracking.faults import TrackingError

log = logging.getLogger(__name__)

LOCK_WAIT_S = 5.0  # for another program that writes to the database


def prepare_database(file: Path) -> None:
    """Create the database unless it is complete, one process at a time.

    It is built under another name, so that a kill leaves no database or a complete one. An
    incomplete one is renamed, with a warning. Raises TrackingError if the file cannot be used.
    """
    if _is_complete(file):
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with locked(file.with_name(f"{file.name}.lock"), f"to create {file}"):
            if _is_complete(file):
                return
            if file.exists():
                set_aside(file)
            create_database(file)
            _create_default_experiment(file)
    except OSError as error:
        raise TrackingError(
            f"tracking.uri: {file} cannot be created ({error.strerror or error}). "
            "Make its folder writable, free disk space, or choose another tracking.uri.",
            is_permanent=False,
        ) from error


def create_database(file: Path) -> None:
    """Build MLflow's tables under another name, and rename the file when it is on the disk."""
    from mlflow.store.db.utils import _initialize_tables
    from sqlalchemy import create_engine, event
    from sqlalchemy.engine import URL
    from sqlalchemy.pool import NullPool

    draft = file.with_name(f".{file.name}.{os.getpid()}.draft")
    draft.unlink(missing_ok=True)
    engine = create_engine(URL.create("sqlite", database=str(draft)), poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def skip_flushes(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")  # a draft is flushed once, at its end

    try:
        _initialize_tables(engine)
        with draft.open("rb+") as stream:
            os.fsync(stream.fileno())
        draft.replace(file)
    finally:
        engine.dispose()
        draft.unlink(missing_ok=True)


def _create_default_experiment(file: Path) -> None:
    """Create MLflow's default experiment, which fails in several processes at once."""
    from mlflow import MlflowClient

    MlflowClient(sqlite_uri(file)).search_experiments(max_results=1)


def set_aside(file: Path) -> None:
    """Rename an incomplete database, so that a new one can be created."""
    number = 1
    while (aside := file.with_name(f"{file.name}.incomplete-{number}")).exists():
        number += 1
    file.rename(aside)
    log.warning(
        "%s is incomplete, because a process that created it was killed. It holds no runs; it was "
        "renamed to %s, and a new database is created",
        file,
        aside.name,
    )


def _is_complete(file: Path) -> bool:
    """Return whether MLflow's tables are complete; False without a file.

    A database with runs always counts as complete. Raises TrackingError if the file cannot be
    read or written.
    """
    if not file.exists():
        return False
    try:
        with closing(sqlite3.connect(file, timeout=LOCK_WAIT_S, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
            if "runs" in tables and database.execute("SELECT 1 FROM runs LIMIT 1").fetchone():
                return True
            if tables and "experiments" not in tables:
                raise TrackingError(
                    f"tracking.uri: {file} is a database of another program. Choose another file."
                )
            revisions = (
                {row[0] for row in database.execute("SELECT version_num FROM alembic_version")}
                if "alembic_version" in tables
                else set()
            )
    except sqlite3.Error as error:
        raise _unusable(file, error) from error
    return bool(revisions) and revisions == _newest_revisions()


def _newest_revisions() -> set[str]:
    from mlflow.store.db.utils import _get_latest_schema_revision

    return {_get_latest_schema_revision()}


def _unusable(file: Path, error: sqlite3.Error) -> TrackingError:
    text = str(error)
    if "locked" in text:
        return TrackingError(
            f"tracking.uri: {file} is locked by another program. Close the program that writes to it.",
            is_permanent=False,
        )
    if "readonly" in text:
        remedy = "Make it and its folder writable, or choose another tracking.uri."
    elif "not a database" in text or "malformed" in text:
        remedy = "Move it away, or choose another tracking.uri."
    elif "full" in text:
        return TrackingError(
            f"tracking.uri: {file}: the disk is full. Free space.", is_permanent=False
        )
    else:
        remedy = "It should be a file that can be read and written; or choose another tracking.uri."
    return TrackingError(f"tracking.uri: {file} cannot be used ({text}). {remedy}")
