"""MLflow, and nothing but MLflow.

Whatever goes wrong in here is said once and ends the tracking, never the training: the run's own
folder holds everything that MLflow would have been told.
"""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from astroclf.errors import UserError
from astroclf.redaction import MASK, redact, redact_values
from astroclf.settings import sections

log = logging.getLogger(__name__)

# A dead server is given up after one more try, not after MLflow's seven with growing pauses.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# What goes wrong is said once, in our words.
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)

PARAMETER_LENGTH = 6000
PARAMETERS_A_CALL = 100
RUN_FILE = "mlflow.json"
PARENT_TAG = "mlflow.parentRunId"  # MLflow's own
# Without it the interface opens on its pages for language models.
EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}


class Tracker:
    """A run that nobody remembers; `MlflowTracker` is the one that MLflow does."""

    @property
    def where(self) -> str:
        """What shows the run: a command, or a page; "" if nothing does."""
        return ""

    def wait(self) -> None:
        """Return once everything said so far has been carried out."""

    def start(self, run_name: str, parameters: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """Begin the run, or go on with the one that began in the same folder.

        A run whose folder lies in the folder of another run is nested under that one.
        """

    def log_dataset(self, name: str, source: str, fingerprint: str) -> None:
        """What the run was trained on."""

    def log_tags(self, tags: Mapping[str, str]) -> None:
        """What is known of the run only after it has started."""

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Numbers of one epoch, or final ones; those that are not finite are left out."""

    def log_artifacts(self, paths: list[Path]) -> None:
        """Keep files and folders with the run."""

    def end(self, status: str, reason: str = "", state: str = "complete") -> None:
        """Close the run: FINISHED, FAILED or KILLED, with the reason where there is one.

        state: the same as a tag, which knows `pruned` too: complete, pruned, stopped or failed.
        """


def in_background(call: Callable[..., None]) -> Callable[..., None]:
    """Queue the call for the tracker's own thread, so that training never waits for MLflow.

    After the first failure, say so once and do nothing from then on.
    """

    def attempt(tracker: MlflowTracker, *arguments: Any, **named: Any) -> None:
        if tracker.is_lost:
            return
        try:
            call(tracker, *arguments, **named)
        except Exception as error:
            tracker.is_lost = True
            log.warning(
                "MLflow stopped working (%s): the run goes on without it, and %s holds everything.",
                redact(" ".join(f"{type(error).__name__}: {error}".split()))[:200],
                tracker.folder,
            )

    def queue(tracker: MlflowTracker, *arguments: Any, **named: Any) -> None:
        tracker.worker.submit(attempt, tracker, *arguments, **named)

    queue.__doc__ = call.__doc__
    return queue


class MlflowTracker(Tracker):
    """One run in MLflow, bound to the run's folder so that a resumed run is the same run."""

    def __init__(self, settings: sections.Mlflow, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.is_lost = False
        self.uri = tracking_uri(settings.uri)
        self.run_id = ""
        # One thread, so that calls are carried out in their order.
        self.worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mlflow")

    def wait(self) -> None:
        """Return once everything said so far has been carried out."""
        self.worker.submit(lambda: None).result()

    @property
    def where(self) -> str:
        self.wait()
        if self.is_lost:
            return ""
        if self.uri.startswith("http"):
            return redact(self.uri)
        if self.uri == tracking_uri(None) and "MLFLOW_TRACKING_URI" not in os.environ:
            return "mlflow ui"
        return f"mlflow ui --backend-store-uri {redact(self.uri)}"

    @in_background
    def start(self, run_name: str, parameters: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        from mlflow import MlflowClient

        known = run_of(self.folder, self.uri)
        with creating(database_file(self.uri)):
            self.client = MlflowClient(self.uri)
            experiment = self._experiment() if known is None else ""
        if known is not None:
            self.run_id = known
            self.client.update_run(known, status="RUNNING")
            ended = self.client.get_run(known).data.tags.keys() & {"state", "reason"}
            for tag in ended:  # it goes on
                self.client.delete_tag(known, tag)
        else:
            parent = run_of(self.folder.parent, self.uri)
            nested = {} if parent is None else {PARENT_TAG: parent}
            run = self.client.create_run(
                experiment, run_name=self.settings.run_name or run_name, tags={**tags, **nested}
            )
            self.run_id = run.info.run_id
            record = {"uri": redact(self.uri), "run_id": self.run_id}
            (self.folder / RUN_FILE).write_text(json.dumps(record))
        self._log_parameters(parameters, again=known is not None)

    @in_background
    def log_dataset(self, name: str, source: str, fingerprint: str) -> None:
        from mlflow.entities import Dataset, DatasetInput

        dataset = Dataset(
            name=name, digest=fingerprint, source_type="local", source=json.dumps({"uri": source})
        )
        self.client.log_inputs(self.run_id, datasets=[DatasetInput(dataset)])

    @in_background
    def log_tags(self, tags: Mapping[str, str]) -> None:
        from mlflow.entities import RunTag

        self.client.log_batch(self.run_id, tags=[RunTag(*tag) for tag in tags.items()])

    @in_background
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        from mlflow.entities import Metric

        now_ms = int(time.time() * 1000)
        batch = [
            Metric(name, float(value), now_ms, step or 0)
            for name, value in metrics.items()
            if value is not None and math.isfinite(value)
        ]
        self.client.log_batch(self.run_id, metrics=batch)

    @in_background
    def log_artifacts(self, paths: list[Path]) -> None:
        for path in paths:
            if path.is_dir():
                self.client.log_artifacts(self.run_id, str(path), path.name)
            elif path.exists():
                self.client.log_artifact(self.run_id, str(path))

    def end(self, status: str, reason: str = "", state: str = "complete") -> None:
        self._terminate(status, reason, state)
        self.wait()

    @in_background
    def _terminate(self, status: str, reason: str, state: str) -> None:
        self.client.set_tag(self.run_id, "state", state)
        if reason:
            self.client.set_tag(self.run_id, "reason", reason[:PARAMETER_LENGTH])
        self.client.set_terminated(self.run_id, status)

    def _experiment(self) -> str:
        """The id of the experiment, made if need be."""
        name = self.settings.experiment
        found = self.client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        database = database_file(self.uri)
        artifacts = (database.parent / "mlruns" / name).as_uri() if database else None
        return str(self.client.create_experiment(name, artifacts, EXPERIMENT_TAGS))

    def _log_parameters(self, parameters: Mapping[str, Any], again: bool) -> None:
        from mlflow.entities import Param

        flat = [
            Param(key, str(redact_values(value))[:PARAMETER_LENGTH])
            for key, value in flatten(parameters)
        ]
        if again:  # MLflow takes a parameter once; the few that changed stand in the new record
            before = self.client.get_run(self.run_id).data.params
            flat = [param for param in flat if param.key not in before]
        for start in range(0, len(flat), PARAMETERS_A_CALL):
            self.client.log_batch(self.run_id, params=flat[start : start + PARAMETERS_A_CALL])


def open_tracker(settings: sections.Section, folder: Path) -> Tracker:
    """The tracker that the settings ask for; MLflow itself is imported when the run starts."""
    if isinstance(settings, sections.Mlflow):
        return MlflowTracker(settings, folder)
    return Tracker()


def run_of(folder: Path, uri: str) -> str | None:
    """The run that began in this folder and on this server, if there is one."""
    try:
        record = json.loads((folder / RUN_FILE).read_text())
    except (OSError, ValueError):
        return None
    return str(record["run_id"]) if record.get("uri") == redact(uri) else None


def tracking_uri(wanted: str | None) -> str:
    """The given address, else MLFLOW_TRACKING_URI, else mlflow.db in the working directory.

    The last is MLflow's own default, made absolute, so that a bare `mlflow ui` here finds it.
    """
    given = os.environ.get("MLFLOW_TRACKING_URI")
    if wanted and MASK in wanted:  # of a stored run, whose credentials are given anew
        if given is None or redact(given) != wanted:
            raise UserError(
                f"tracking.uri={wanted}: the credentials are not stored with a run. "
                "Give tracking.uri, MLFLOW_TRACKING_URI or tracking=none anew."
            )
        return given
    return wanted or given or f"sqlite:///{Path.cwd() / 'mlflow.db'}"


def database_file(uri: str) -> Path | None:
    """The file that a sqlite address names, absolute; None for any other address."""
    prefix = "sqlite:///"
    return Path(uri.removeprefix(prefix)).absolute() if uri.startswith(prefix) else None


@contextmanager
def creating(database: Path | None) -> Iterator[None]:
    """Alone with the database: processes that create it together spoil it for good."""
    if database is None:
        yield
    else:
        with FileLock(f"{database}.lock"):
            yield


def flatten(parameters: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings as (dotted key, value)."""
    for key, value in parameters.items():
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@contextmanager
def closing(
    tracker: Tracker,
    *,
    stopped: tuple[type[BaseException], ...],
    done: tuple[type[BaseException], ...] = (),
) -> Iterator[None]:
    """Close the run as FINISHED, as KILLED if it was `stopped`, or as FAILED, with the reason.

    done: exceptions that end a run early though nothing went wrong; it is FINISHED.
    """
    try:
        yield
    except stopped as interruption:
        tracker.end("KILLED", str(interruption) or type(interruption).__name__, "stopped")
        raise
    except done as reason:
        name = type(reason).__name__
        tracker.end("FINISHED", f"{name}: {reason}", name.lower())
        raise
    except BaseException as error:
        tracker.end("FAILED", f"{type(error).__name__}: {error}", "failed")
        raise
    tracker.end("FINISHED")
