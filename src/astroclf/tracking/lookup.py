"""Runs as their records, or an MLflow store, have them: to choose one, and to read its artifacts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from astroclf.errors import State, UserError
from astroclf.files import shortest
from astroclf.redaction import redact
from astroclf.runs.folder import TRACKED_RUN
from astroclf.status import status
from astroclf.tracking.addresses import database_file
from astroclf.tracking.experiment import open_client
from astroclf.tracking.faults import as_tracking_error
from astroclf.tracking.names import migrate_names
from astroclf.tracking.record import Record, read_record
from astroclf.tracking.remote import PARENT_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

RUNS_A_CALL = 200
# MLflow's status -> state, of a run that lacks the tag `state`.
STATES = {
    "RUNNING": State.RUNNING,
    "SCHEDULED": State.WAITING,
    "FINISHED": State.COMPLETE,
    "FAILED": State.FAILED,
    "KILLED": State.INTERRUPTED,
}
MISSING = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


@dataclass(frozen=True)
class KnownRun:
    """A run of a record or of an MLflow store.

    metrics: with the names of `tracking.names`. run_id: "" where MLflow does not have it. folder: of the run, which may be gone. end_ms: 0 for a
    run that has not ended. is_nested: whether it is a part of another run.
    """

    name: str
    run_id: str
    folder: Path
    state: State
    end_ms: int
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    is_nested: bool

    @property
    def task(self) -> str:
        """Name of its task; runs of former versions have it as a parameter alone."""
        return self.tags.get("task") or self.parameters.get("task.name", "")

    @property
    def shown(self) -> str:
        """The run folder, or the id of a run whose folder is gone."""
        return str(shortest(self.folder)) if self.folder.is_dir() else f"run {self.run_id}"


def recorded_runs(root: Path) -> Iterator[KnownRun]:
    """Yield the runs in the folders below `root`, without those that are nested in another one."""
    for path, subfolders, files in os.walk(root):
        folder = Path(path)
        if TRACKED_RUN in files and (record := read_record(folder)) is not None:
            subfolders.clear()
            yield _of_record(record, folder)


class RunStore:
    """Runs of an MLflow store, read only.

    Its methods raise UserError if the store cannot be read.
    """

    def __init__(self, uri: str) -> None:
        """Raises UserError for a database that does not exist, which MLflow would create."""
        self.uri = uri
        file = database_file(uri)
        if file is not None and not file.is_file():
            raise UserError(
                f"tracking.uri={redact(uri)}: there is no such database; it was moved, or no run was tracked in it. "
                "Give its address as tracking.uri=sqlite:///<file>, or use the run folders alone with tracking=none."
            )
        with explained(uri):
            self.client: MlflowClient = open_client(uri)

    def run(self, run_id: str) -> KnownRun:
        """Return the run with this id. Raises UserError if there is none, or it was deleted."""
        with explained(self.uri, f"model_from={run_id}: {redact(self.uri)} has no such run"):
            found = self.client.get_run(run_id)
        if found.info.lifecycle_stage != "active":
            raise UserError(
                f"model_from={run_id}: the run was deleted in MLflow. Restore it: mlflow runs restore --run-id {run_id}"
            )
        return _of_mlflow(found)

    def runs(self, experiment: str) -> Iterator[KnownRun]:
        """Yield the finished runs of an experiment, without those that are nested in another one."""
        with explained(self.uri):
            known = self.client.get_experiment_by_name(experiment)
        if known is not None and known.lifecycle_stage == "active":
            found = self._search(known.experiment_id, "attributes.status = 'FINISHED'")
            yield from (run for run in found if not run.is_nested)

    def nested(self, run_id: str) -> list[KnownRun]:
        """Return the runs that are nested under a run, in the order of their start."""
        with explained(self.uri):
            experiment_id = self.client.get_run(run_id).info.experiment_id
        return list(self._search(experiment_id, f"tags.`{PARENT_TAG}` = '{run_id}'"))

    def artifacts(self, run_id: str) -> set[str]:
        """Return the names of the files and folders that a run has as artifacts."""
        with explained(self.uri):
            return {str(each.path) for each in self.client.list_artifacts(run_id)}

    def download(self, run_id: str, name: str, target: Path) -> None:
        """Download an artifact to `target`, which does not exist, as a whole or not at all."""
        with self._draft_of(target) as draft, status(f"downloading {name} from MLflow"):
            self.client.download_artifacts(run_id, name, str(draft))
            (draft / name).rename(target)

    def resolve_model(self, uri: str) -> str:
        """Return the address of a registered model with its number instead of an alias or `latest`.

        Raises UserError if there is no such model.
        """
        name, _, alias = uri.removeprefix("models:/").partition("@")
        with explained(self.uri, f"model_from={uri}: {redact(self.uri)} has no such model"):
            if alias:
                found = self.client.get_model_version_by_alias(name, alias)
            elif name.endswith("/latest"):
                name = name.removesuffix("/latest")
                versions = self.client.search_model_versions(f"name = '{name}'")
                return f"models:/{name}/{max((int(each.version) for each in versions), default=1)}"
            else:
                return uri
        return f"models:/{name}/{found.version}"

    def download_model(self, uri: str, target: Path) -> None:
        """Download a model `models:/...` to `target`, as `download` does. Raises UserError if there is none."""
        from mlflow.artifacts import download_artifacts

        missing = f"model_from={uri}: {redact(self.uri)} has no such model"
        with self._draft_of(target, missing) as draft, status(f"downloading {uri}"):
            found = download_artifacts(
                artifact_uri=self._location(uri), dst_path=str(draft), tracking_uri=self.uri
            )
            Path(found).rename(target)

    def _location(self, uri: str) -> str:
        """Return the address of the artifacts of a model: models:/<name>/<number> or models:/<model id>."""
        if uri.startswith("models:/"):
            name, _, number = uri.removeprefix("models:/").partition("/")
            if not number:
                return str(self.client.get_logged_model(name).artifact_location)
            return self._location(str(self.client.get_model_version_download_uri(name, number)))
        return uri

    @contextmanager
    def _draft_of(self, target: Path, missing: str = "") -> Iterator[Path]:
        draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
        draft.mkdir(parents=True, exist_ok=True)
        try:
            with explained(self.uri, missing):
                yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _search(self, experiment_id: str, condition: str) -> Iterator[KnownRun]:
        token = None
        while True:
            with explained(self.uri):
                page = self.client.search_runs(
                    [experiment_id],
                    condition,
                    max_results=RUNS_A_CALL,
                    order_by=["attributes.start_time ASC"],
                    page_token=token,
                )
            yield from map(_of_mlflow, page)
            if not (token := page.token):
                return


@contextmanager
def explained(uri: str, missing: str = "") -> Iterator[None]:
    """Re-raise a failed request as a UserError; missing: its text for what does not exist."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if missing and getattr(error, "error_code", "") in MISSING:
            raise UserError(
                f"{missing}. Check its name, and tracking.uri if it is in another store."
            ) from error
        raise UserError(str(as_tracking_error(error, uri))) from error


def _of_record(record: Record, folder: Path) -> KnownRun:
    return KnownRun(
        name=record.name,
        run_id=record.run_id,
        folder=folder,
        state=record.state,
        end_ms=record.end_ms or 0,
        parameters=record.parameters,
        tags=record.tags,
        metrics=record.metrics,
        is_nested=record.parent is not None,
    )


def _of_mlflow(run: Run) -> KnownRun:
    tags = dict(run.data.tags)
    return KnownRun(
        name=str(run.info.run_name),
        run_id=str(run.info.run_id),
        folder=Path(tags.get("folder", "")),
        state=State(tags.get("state", STATES[run.info.status])),
        end_ms=run.info.end_time or 0,
        parameters=run.data.params,
        tags=tags,
        metrics=migrate_names(run.data.metrics),
        is_nested=PARENT_TAG in tags,
    )
