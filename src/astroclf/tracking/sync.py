"""Runs that are sent to MLflow after they ended: made without a server, or while it was away."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from astroclf.errors import State, UserError
from astroclf.files import shortest
from astroclf.locks import try_lock
from astroclf.runs.folder import RunFolder
from astroclf.settings import sections
from astroclf.tracking import addresses
from astroclf.tracking.faults import as_tracking_error
from astroclf.tracking.record import RUN_FILE, Record, read_epochs, read_record
from astroclf.tracking.remote import RemoteRun
from astroclf.tracking.sender import OUTAGES

log = logging.getLogger(__name__)


def sync(settings: sections.Section, folders: Sequence[str]) -> None:
    """Send all runs in and below the folders that MLflow lacks, in whole or in part.

    A second call sends nothing twice. Raises UserError if there is no server, no run, or if the
    server cannot be used; what was sent before stays sent.
    """
    if not isinstance(settings, sections.Mlflow):
        raise UserError("tracking=none: task=sync sends runs to MLflow. Leave tracking=none out.")
    uri = addresses.tracking_uri(settings.uri)
    runs = list(find_runs(folders))
    counts = {"sent": 0, "completed": 0, "unchanged": 0, "running": 0}
    for folder, record in runs:
        try:
            outcome = send_run(settings, folder, record)
        except Exception as error:
            raise UserError(
                f"{shortest(folder)} was not sent. {as_tracking_error(error, uri)}"
            ) from error
        counts[outcome] += 1
        if outcome in ("sent", "completed"):
            log.info("%-12s%s", outcome, shortest(folder))
    log.info(
        "%d runs: %s, in %s",
        len(runs),
        ", ".join(f"{number} {outcome}" for outcome, number in counts.items() if number),
        addresses.ui_command(uri) or addresses.store_identity(uri),
    )


def find_runs(folders: Sequence[str]) -> Iterator[tuple[Path, Record]]:
    """Yield the runs in and below the folders, a run before those that are nested in it.

    Raises UserError for a folder that does not exist or holds no run.
    """
    for name in folders:
        root = Path(name).absolute()
        if not root.is_dir():
            raise UserError(f"task.folders={name}: there is no such folder. Give folders of runs.")
        files = sorted(root.rglob(RUN_FILE), key=lambda file: (len(file.parts), file))
        if not files:
            raise UserError(
                f"task.folders={name}: no run is recorded there (no {RUN_FILE}). Give folders of runs, "
                "or a folder that holds them."
            )
        for file in files:
            if (record := read_record(file.parent)) is not None:
                yield file.parent, record


def send_run(settings: sections.Mlflow, folder: Path, record: Record) -> str:
    """Send what the server lacks of a run; returns `sent` for a new one, `completed` or `unchanged`.

    A run whose process was killed is closed; one that is under way sends itself, and is `running`.
    Raises whatever a request raises.
    """
    uri = addresses.tracking_uri(settings.uri)
    if record.state == State.RUNNING:
        if is_in_use(folder):
            return "running"
        record.close_killed()
    remote = RemoteRun(uri, addresses.experiment_name(settings.experiment), folder)
    remote.send(record, read_epochs(folder, record.start_ms))
    record.note_place(remote.place(), folder)
    if remote.is_new:
        return "sent"
    return "completed" if remote.sent_items else "unchanged"


def is_in_use(folder: Path) -> bool:
    """Return whether a process is at work in a run folder, or in the one above that holds it.

    A trial of a search has no lock of its own, and counts as under way: the search closes it.
    """
    locks = (RunFolder(folder).lock, RunFolder(folder.parent).lock)
    files = [file for file in locks if file.exists()]
    for file in files:
        if (lock := try_lock(file)) is None:
            return True
        lock.release()
    return not files


def send_pending(settings: sections.Section, folder: Path) -> None:
    """Send the runs one level below a folder of which MLflow lacks something.

    For the end of a search, whose trials do not wait for a server that is away. Where it still is,
    and after the first failure, the rest is left to `task=sync`.
    """
    if not isinstance(settings, sections.Mlflow):
        return
    uri = addresses.tracking_uri(settings.uri)
    if OUTAGES.is_away(addresses.store_identity(uri)):
        return
    for file in sorted(folder.glob(f"*/{RUN_FILE}")):
        record = read_record(file.parent)
        if record is None or record.is_sent or record.state == State.RUNNING:
            continue
        try:
            send_run(settings, file.parent, record)
        except Exception as error:
            log.warning("MLflow: %s", as_tracking_error(error, uri))
            log.warning("MLflow lacks trials. %s", addresses.sync_advice(folder, settings.uri))
            return
