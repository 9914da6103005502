"""Sending of runs to MLflow after they ended: without a server, or during an outage."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from astroclf.errors import State, UserError
from astroclf.files import shortest
from astroclf.locks import try_lock
from astroclf.runs.folder import TRACKED_RUN, RunFolder
from astroclf.settings import sections
from astroclf.tracking import addresses
from astroclf.tracking.faults import as_tracking_error
from astroclf.tracking.record import Record, read_epochs, read_record
from astroclf.tracking.remote import RemoteRun
from astroclf.tracking.sender import OUTAGES

log = logging.getLogger(__name__)


def sync(settings: sections.Section, folders: Sequence[str]) -> None:
    """Send the runs in and below the folders that MLflow lacks, or has in part.

    A second call sends nothing twice. Raises UserError if there is no server or no run, or if the
    server cannot be used.
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
        files = sorted(root.rglob(TRACKED_RUN), key=lambda file: (len(file.parts), file))
        if not files:
            raise UserError(
                f"task.folders={name}: no run is recorded there (no {TRACKED_RUN}). Give folders of runs, "
                "or a folder that holds them."
            )
        for file in files:
            if (record := read_record(file.parent)) is not None:
                yield file.parent, record


def send_run(settings: sections.Mlflow, folder: Path, record: Record) -> str:
    """Send the missing parts of a run; return `sent` for a new run, `completed` or `unchanged`.

    A run whose process was killed is closed; one in progress is left to its process: `running`.
    Raises any exception of a request.
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
    """Return whether a process uses a run folder, or the one that contains it.

    A trial of a search has no lock and counts as in use, since the search closes it.
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

    For the end of a search, whose trials do not wait during an outage. If it lasts, and after the
    first failure, the rest is left to `task=sync`.
    """
    if not isinstance(settings, sections.Mlflow):
        return
    uri = addresses.tracking_uri(settings.uri)
    if OUTAGES.is_away(addresses.store_identity(uri)):
        return
    for file in sorted(folder.glob(f"*/{TRACKED_RUN}")):
        record = read_record(file.parent)
        if record is None or record.is_sent or record.state == State.RUNNING:
            continue
        try:
            send_run(settings, file.parent, record)
        except Exception as error:
            log.warning("MLflow: %s", as_tracking_error(error, uri))
            log.warning("MLflow lacks trials. %s", addresses.sync_advice(folder, settings.uri))
            return
