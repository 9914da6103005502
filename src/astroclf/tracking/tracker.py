"""Tracker of one run: writes its record to the run folder, and sends it to MLflow.

A failure of MLflow never ends a training: the run folder holds the complete record, which
`task=sync` sends later.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path

from astroclf.errors import Interrupted, State
from astroclf.provenance import command_line
from astroclf.runs.folder import TRACKED_RUN
from astroclf.settings import sections
from astroclf.status import status as show_status
from astroclf.tracking import addresses
from astroclf.tracking.faults import as_tracking_error
from astroclf.tracking.record import (
    PARAMETER_LENGTH,
    Epoch,
    Record,
    finite,
    flat_parameters,
    now_ms,
    read_record,
    storable,
)
from astroclf.tracking.remote import RemoteRun
from astroclf.tracking.sender import OUTAGES, Patience, Sender
from astroclf.tracking.system_metrics import SystemMetrics

log = logging.getLogger(__name__)


class Tracker:
    """Tracker without a server: writes the record of a run to its folder."""

    def __init__(self, folder: Path, parent: Path | None = None) -> None:
        self.folder = folder
        self.record = Record(parent=None if parent is None else os.path.relpath(parent, folder))
        self.epochs: list[Epoch] = []
        self.is_started = False
        self._lock = threading.Lock()

    def start(
        self, run_name: str, parameters: Mapping[str, object], tags: Mapping[str, str]
    ) -> None:
        """Begin the run, or continue the one that began in this folder with these parameters."""
        self.is_started = True
        flat = flat_parameters(parameters)
        known = read_record(self.folder)
        with self._lock:
            if known is not None and known.is_same_run(flat):
                self.record = known.model_copy(update={"parent": self.record.parent})
                self.record.reopen()
            self.record.name = storable(run_name)
            self.record.parameters = {**flat, **self.record.parameters}
            first = self.record.tags.get("command", command_line())  # not that of a resume
            own = {"folder": self.folder, "command": first}
            self.record.tags |= {key: storable(text) for key, text in {**tags, **own}.items()}
            self._write()
        self._changed()

    def log_dataset(self, name: str, source: str, fingerprint: str) -> None:
        """Record the dataset of the run."""
        with self._lock:
            self.record.dataset = {
                "name": storable(name),
                "source": storable(source),
                "fingerprint": fingerprint,
            }
        self._changed()

    def log_tags(self, tags: Mapping[str, str]) -> None:
        """Record facts that are determined after the start."""
        with self._lock:
            self.record.tags |= {key: storable(text) for key, text in tags.items()}
        self._changed()

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record the metrics of one epoch, or final ones, without those that are not finite."""
        with self._lock:
            if step is None:
                self.record.metrics |= finite(metrics)
            else:
                self.epochs.append(Epoch(step, now_ms(), finite(metrics)))
        self._changed()

    def log_artifacts(self, paths: list[Path]) -> None:
        """Record files and folders of the run folder to be uploaded."""
        names = [str(path.relative_to(self.folder)) for path in paths]
        with self._lock:
            self.record.artifacts = list(dict.fromkeys([*self.record.artifacts, *names]))
        self._changed()

    def log_model(self, folder: Path, register_as: str | None) -> None:
        """Record the bundle as an MLflow model.

        folder: of the run folder, with MLflow's description of the bundle. register_as: name in the
        registry.
        """
        with self._lock:
            self.record.model = str(folder.relative_to(self.folder))
            self.record.register_as = register_as or ""
        self._changed()

    def end(self, state: State = State.COMPLETE, reason: str = "") -> None:
        """Close the run with its final state, and the reason if it is not complete."""
        with self._lock:
            self.record.state, self.record.end_ms = state, now_ms()
            self.record.reason = storable(reason)[:PARAMETER_LENGTH]
            self._write()

    @property
    def page(self) -> str:
        """Address of the page of the run; "" if it is on no server yet."""
        return ""

    def wait(self) -> None:
        """Wait until everything so far was sent, or could not be sent."""

    def _changed(self) -> None:
        """Handle a change of the record."""

    def _write(self) -> None:
        try:
            self.record.write(self.folder)
        except OSError as error:  # a full disk ends a run when it writes its results
            log.warning(
                "%s cannot be written (%s): without it task=sync cannot send this run",
                self.folder / TRACKED_RUN,
                error.strerror,
            )


class MlflowTracker(Tracker):
    """Tracker that sends the record to MLflow in the background, and again after a failure."""

    def __init__(
        self,
        settings: sections.Mlflow,
        folder: Path,
        parent: Path | None = None,
        patience: Patience | None = None,
    ) -> None:
        super().__init__(folder, parent)
        self.settings = settings
        self.uri = addresses.tracking_uri(settings.uri)
        self.store = addresses.store_identity(self.uri)
        self.remote = RemoteRun(self.uri, addresses.experiment_name(settings.experiment), folder)
        self.system = SystemMetrics(self.uri) if settings.system_metrics else None
        self.sender = Sender(self.store, self._send, self._report, patience or Patience())

    def start(
        self, run_name: str, parameters: Mapping[str, object], tags: Mapping[str, str]
    ) -> None:
        super().start(self.settings.run_name or run_name, parameters, tags)

    @property
    def page(self) -> str:
        if not self.remote.run_id:
            return ""
        return addresses.page_address(self.uri, self.remote.experiment_id, self.remote.run_id)

    def wait(self) -> None:
        self.sender.wait()

    def end(self, state: State = State.COMPLETE, reason: str = "") -> None:
        if self.system is not None:
            self.system.finish()
        super().end(state, reason)
        self.sender.wake()
        is_nested = self.record.parent is not None
        patience = self.sender.patience
        is_interrupted = state == State.INTERRUPTED
        wait_s = patience.interrupted_wait_s if is_interrupted else patience.wait_s
        try:
            with show_status("sending the run to MLflow"):
                # Otherwise each trial of a search would wait for a server that is away.
                is_sent = self.sender.finish(wait_s, is_patient=not is_nested)
        except (KeyboardInterrupt, Interrupted):
            log.warning("stopped waiting for MLflow; all results of the run are in its folder")
            is_sent = False
        if not is_sent:
            log.warning(
                "MLflow lacks a part of this run. %s",
                addresses.sync_advice(self.folder, self.settings.uri),
            )
        elif state == State.COMPLETE and not is_nested:
            log.info("%s", "\n".join(self.closing_lines()))

    def closing_lines(self) -> list[str]:
        """Return the lines with the page of all runs, that of this one, and the registered model."""
        all_runs = addresses.page_address(self.uri, self.remote.experiment_id)
        this_run = addresses.page_address(self.uri, self.remote.experiment_id, self.remote.run_id)
        command = addresses.ui_command(self.uri)
        compare = (
            f"{command}, then open {all_runs}" if command and all_runs else command or all_runs
        )
        name, version = self.record.register_as, self.remote.version
        registered = f"models:/{name}/{version}" if version else ""
        lines = (("compare", compare), ("this run", this_run), ("registered", registered))
        return [f"{label:<12}{text}" for label, text in lines if text]

    def _changed(self) -> None:
        self.sender.wake()

    def _send(self) -> None:
        """Send the changes, in the thread of the sender."""
        with self._lock:
            record, epochs = self.record.model_copy(deep=True), list(self.epochs)
        self.remote.open(record)
        self.sender.has_answered = True
        if self.system is not None and record.state == State.RUNNING:
            self.system.start(self.remote.run_id)
        self._note_place(is_sent=False)
        self.remote.send(record, epochs)
        if record.state != State.RUNNING:
            self._note_place(is_sent=True)

    def _note_place(self, *, is_sent: bool) -> None:
        with self._lock:
            self.record.note_place(self.remote.place(is_sent=is_sent), self.folder)

    def _report(self, error: Exception) -> None:
        """Log a failure, once for all runs of this process until the server answers again."""
        if not OUTAGES.is_away(self.store):
            log.warning(
                "MLflow: %s The run continues, and its folder holds all results.",
                as_tracking_error(error, self.uri),
            )


def open_tracker(settings: sections.Section, folder: Path, parent: Path | None = None) -> Tracker:
    """Return the tracker that the settings choose; MLflow itself is imported when it sends.

    parent: folder of the run that this one is nested under. Raises UserError for an address without
    the credentials that it had.
    """
    if isinstance(settings, sections.Mlflow):
        return MlflowTracker(settings, folder, parent)
    return Tracker(folder, parent)
