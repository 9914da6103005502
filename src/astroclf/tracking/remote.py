"""Run on an MLflow server: requests that send the missing parts of a record."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroclf.errors import State
from astroclf.tracking.addresses import database_file, store_identity
from astroclf.tracking.artifacts import BUNDLE, file_version, upload
from astroclf.tracking.database import prepare_database
from astroclf.tracking.experiment import experiment_id, open_client
from astroclf.tracking.models import (
    create_model,
    finish_model,
    register_version,
    upload_model,
)
from astroclf.tracking.record import (
    NOTE_TAG,
    RUN_PAGE,
    Epoch,
    Place,
    Record,
    now_ms,
    read_record,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

log = logging.getLogger(__name__)

PARAMETERS_A_CALL, TAGS_A_CALL, METRICS_A_CALL = 100, 100, 1000  # MLflow's own limits
TAG_LENGTH = 5000
PARENT_TAG = "mlflow.parentRunId"  # MLflow's own
KEY_TAG = "run_key"


class RemoteRun:
    """Run of one folder on one server.

    `send` compares the record with the run on the server and sends the difference: it may be called
    again after any failure, and a second call sends nothing twice. New runs, resumed ones, and those
    that are sent after they ended are all sent in this way.
    """

    def __init__(self, uri: str, experiment: str, folder: Path) -> None:
        self.uri = uri
        self.experiment = experiment
        self.folder = folder
        self.client: MlflowClient | None = None
        self.run_id = ""
        self.experiment_id = ""
        self.artifacts: dict[str, str] = {}
        self.model_id: str | None = None
        self.version = ""  # of the registered model
        self.is_new = False
        self.sent_items = 0  # parameters, tags, metrics and files

    def open(self, record: Record) -> None:
        """Find the run of the record on the server, or create it; does nothing the second time."""
        if self.run_id:
            return
        if (database := database_file(self.uri)) is not None:
            prepare_database(database)
        self.client = client = open_client(self.uri)
        found = self._find(record)
        if found is None:
            self.experiment_id = experiment_id(client, self.uri, self.experiment)
            found = self._find_by_key(record)
        if found is None:
            found = client.create_run(
                self.experiment_id,
                start_time=record.start_ms,
                run_name=record.name,
                tags=self._tags(record),
            )
            self.is_new = True
        self._note_state(found, record)

    def send(self, record: Record, epochs: Sequence[Epoch]) -> None:
        """Send the parts that the server lacks. Raises any exception of a request."""
        self.open(record)
        self._send_parameters(record)
        self._send_tags(record)
        self._send_dataset(record)
        self._send_epochs(epochs)
        self._send_metrics(record)
        self._send_artifacts(record)
        self._send_model(record)
        self._send_status(record)

    @property
    def _client(self) -> MlflowClient:
        assert self.client is not None
        return self.client

    def place(self, *, is_sent: bool = True) -> Place:
        """Return the server, the run there and the files that arrived, for the record."""
        return Place(
            uri=store_identity(self.uri),
            experiment_id=self.experiment_id,
            run_id=self.run_id,
            sent_artifacts=dict(self.artifacts),
            is_sent=is_sent,
        )

    def _find(self, record: Record) -> Run | None:
        """Return the run that the record names, if this server still has it."""
        from mlflow.exceptions import MlflowException

        if not record.run_id or record.uri != store_identity(self.uri):
            return None
        try:
            run = self._client.get_run(record.run_id)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise
        return run if run.info.lifecycle_stage == "active" else None

    def _find_by_key(self, record: Record) -> Run | None:
        """Return a run whose creation arrived although the response was lost."""
        found = self._client.search_runs(
            [self.experiment_id], f"tags.{KEY_TAG} = '{record.key}'", max_results=1
        )
        return found[0] if found else None

    def _note_state(self, run: Run, record: Record) -> None:
        """Store the state of the run on the server."""
        self.experiment_id = str(run.info.experiment_id)
        self.params = set(run.data.params)
        self.tags = dict(run.data.tags)
        self.metrics = dict(run.data.metrics)
        self.status, self.end_ms = str(run.info.status), run.info.end_time
        self.has_dataset = bool(run.inputs and run.inputs.dataset_inputs)
        outputs = getattr(getattr(run, "outputs", None), "model_outputs", None) or []
        self.has_model, self.model_id = bool(outputs), outputs[-1].model_id if outputs else None
        self.steps: dict[str, set[int]] = {}
        is_known = record.run_id == run.info.run_id
        self.artifacts = dict(record.sent_artifacts) if is_known else {}
        self.run_id = str(run.info.run_id)

    def _tags(self, record: Record) -> dict[str, str]:
        """Return the tags of the record, of its end, and of the run that it is nested under."""
        parent = None if record.parent is None else read_record(self.folder / record.parent)
        tags = {**record.tags, KEY_TAG: record.key}
        if parent is not None and parent.run_id and parent.uri == store_identity(self.uri):
            tags[PARENT_TAG] = parent.run_id
        if record.state != State.RUNNING:
            tags |= {"state": str(record.state), "reason": record.reason}
        if NOTE_TAG in tags:
            page = f"#/experiments/{self.experiment_id}/runs/{self.run_id}"
            tags[NOTE_TAG] = tags[NOTE_TAG].replace(RUN_PAGE, page)
        return {key: text[:TAG_LENGTH] for key, text in tags.items() if text}

    def _send_parameters(self, record: Record) -> None:
        from mlflow.entities import Param

        # MLflow takes a parameter once; those that a resume changed are in the run folder.
        missing = [Param(*item) for item in record.parameters.items() if item[0] not in self.params]
        for start in range(0, len(missing), PARAMETERS_A_CALL):
            batch = missing[start : start + PARAMETERS_A_CALL]
            self._log_batch(params=batch)
            self.params |= {param.key for param in batch}

    def _send_tags(self, record: Record) -> None:
        from mlflow.entities import RunTag

        wanted = self._tags(record)
        for ended in {"state", "reason"} & self.tags.keys() - wanted.keys():  # the run was resumed
            self._client.delete_tag(self.run_id, ended)
            del self.tags[ended]
        changed = {key: text for key, text in wanted.items() if self.tags.get(key) != text}
        if changed:
            self._log_batch(tags=[RunTag(*tag) for tag in changed.items()])
            self.tags |= changed

    def _send_dataset(self, record: Record) -> None:
        if self.has_dataset or not record.dataset:
            return
        from mlflow.entities import Dataset, DatasetInput

        source = json.dumps({"uri": record.dataset["source"]})
        name, digest = record.dataset["name"], record.dataset["fingerprint"]
        dataset = Dataset(name=name, digest=digest, source_type="local", source=source)
        self._client.log_inputs(self.run_id, datasets=[DatasetInput(dataset)])
        self.has_dataset = True

    def _send_epochs(self, epochs: Sequence[Epoch]) -> None:
        for epoch in epochs:
            # The metrics of an epoch are sent in one request, so the first one tests for all.
            marker = next(iter(epoch.metrics), None)
            if marker is not None and epoch.step not in self._steps(marker):
                self._log_metrics(epoch.metrics, epoch.time_ms, epoch.step)
                self.steps[marker].add(epoch.step)

    def _steps(self, metric: str) -> set[int]:
        """Return the steps at which the server has the metric."""
        if metric not in self.steps:
            known = (
                self._client.get_metric_history(self.run_id, metric)
                if metric in self.metrics
                else []
            )
            self.steps[metric] = {int(each.step) for each in known}
        return self.steps[metric]

    def _send_metrics(self, record: Record) -> None:
        changed = {
            name: value for name, value in record.metrics.items() if self.metrics.get(name) != value
        }
        if changed:
            # Of several values MLflow shows that of the latest time.
            self._log_metrics(changed, record.end_ms or now_ms(), 0)
            self.metrics |= changed

    def _log_metrics(self, metrics: Mapping[str, float], time_ms: int, step: int) -> None:
        from mlflow.entities import Metric

        batch = [Metric(name, value, time_ms, step) for name, value in metrics.items()]
        for start in range(0, len(batch), METRICS_A_CALL):
            self._log_batch(metrics=batch[start : start + METRICS_A_CALL])

    def _send_artifacts(self, record: Record) -> None:
        for name in record.artifacts:
            path = self.folder / name
            if (version := file_version(path)) != self.artifacts.get(name, ""):
                upload(self._client, self.run_id, path)
                self.artifacts[name] = version
                self.sent_items += 1

    def _send_model(self, record: Record) -> None:
        if BUNDLE not in self.artifacts:
            return
        version = f"{file_version(self.folder / record.model)} {self.artifacts[BUNDLE]}"
        is_changed = bool(record.model) and self.artifacts.get(record.model) != version
        if is_changed or not self.has_model:
            self._create_model(record)
            if record.model:
                self.artifacts[record.model] = version
        if record.register_as and record.parent is None and self.model_id is not None:
            self.version = register_version(
                self._client, record.register_as, self.model_id, self.run_id
            )

    def _create_model(self, record: Record) -> None:
        """Create the logged model; a failed attempt is continued by the next one."""
        if self.has_model or self.model_id is None:
            self.has_model = False
            self.model_id = create_model(self._client, self.experiment_id, self.run_id, record.name)
        if self.model_id is not None:
            if record.model:
                upload_model(
                    self._client, self.model_id, self.folder / record.model, self.folder / BUNDLE
                )
                self.sent_items += 1
            finish_model(self._client, self.model_id, self.run_id)
        elif record.model:
            log.warning(
                "tracking.log_model: this MLflow server has no logged models, so the model was not logged. "
                "Update the server to MLflow 3; the run has the bundle as an artifact."
            )
        self.has_model = True

    def _send_status(self, record: Record) -> None:
        if record.status == self.status and record.end_ms in (None, self.end_ms):
            return
        if record.state == State.RUNNING:
            self._client.update_run(self.run_id, status=record.status)
        else:
            self._client.set_terminated(self.run_id, record.status, record.end_ms)
        self.status, self.end_ms = record.status, record.end_ms

    def _log_batch(self, **items: Any) -> None:
        self._client.log_batch(self.run_id, **items)
        self.sent_items += sum(map(len, items.values()))
