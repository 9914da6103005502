"""Record of a tracked run in its folder, from which it can be sent to MLflow later."""

from __future__ import annotations

import logging
import math
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from astroclf.errors import State, one_line
from astroclf.files import read_json, write_json
from astroclf.redaction import redact_values
from astroclf.runs.folder import TRACKED_RUN, RunFolder
from astroclf.runs.history import read_history
from astroclf.runs.schema import VERSION, Schema
from astroclf.tracking.names import EPOCH_NUMBER, epoch_names, migrate_names

log = logging.getLogger(__name__)

MLFLOW_STATUS = {
    State.RUNNING: "RUNNING",
    State.COMPLETE: "FINISHED",
    State.PRUNED: "FINISHED",
    State.FAILED: "FAILED",
    State.INTERRUPTED: "KILLED",
}


def _migrate_0(content: dict[str, Any]) -> dict[str, Any]:
    """Return a record with the present names of states, nested by its folder as it was then."""
    state = content.get("state", "")
    state = {"": State.RUNNING, "stopped": State.INTERRUPTED}.get(state, state)
    return {**content, "state": state, "parent": ".."}


def _migrate_1(content: dict[str, Any]) -> dict[str, Any]:
    """Give the metrics their names with groups."""
    return {**content, "metrics": migrate_names(content.get("metrics", {}))}


SCHEMA = Schema(version=2, migrations={0: _migrate_0, 1: _migrate_1}, unversioned=0)
NOTE_TAG = "mlflow.note.content"  # description of a run on its page, as Markdown
RUN_PAGE = "{run}"  # in that description: the address of the page
PARAMETER_LENGTH = 6000  # MLflow's own limit
# Parameters that may change on a resume; any other change makes a new run.
CHANGEABLE = ("trainer.epochs", "trainer.device", "tracking.")


def now_ms() -> int:
    """Return the time in milliseconds since 1970."""
    return int(time.time() * 1000)


@dataclass(frozen=True)
class Epoch:
    """The metrics of one epoch, and when it ended."""

    step: int
    time_ms: int
    metrics: Mapping[str, float]


class Place(BaseModel):
    """Server that a run was last sent to, and the state of the run there.

    uri, experiment_id, run_id: empty before the first time. sent_artifacts: artifact -> size and time
    of what arrived. is_sent: whether all of the run arrived, end included.
    """

    uri: str = ""
    experiment_id: str = ""
    run_id: str = ""
    sent_artifacts: dict[str, str] = {}
    is_sent: bool = False


class Record(Place):
    """Data of a run that is sent to MLflow, except its epochs, which are in history.csv.

    key: identifies this run on every server. parent: folder of the run that this one is nested
    under, relative to its own. artifacts: files and folders of the run folder, by name. model: folder
    with MLflow's description of the bundle, "" if no model is logged. register_as: name of the model in
    the registry, or "".
    """

    model_config = ConfigDict(extra="ignore")

    key: str = Field(default_factory=lambda: uuid.uuid4().hex)
    parent: str | None = None
    name: str = "run"
    start_ms: int = Field(default_factory=now_ms)
    end_ms: int | None = None
    state: State = State.RUNNING
    reason: str = ""
    parameters: dict[str, str] = {}
    tags: dict[str, str] = {}
    dataset: dict[str, str] = {}
    metrics: dict[str, float] = {}
    artifacts: list[str] = []
    model: str = ""
    register_as: str = ""

    @property
    def status(self) -> str:
        """The status that MLflow has for the state."""
        return MLFLOW_STATUS[self.state]

    def is_same_run(self, parameters: Mapping[str, str]) -> bool:
        """Return whether a run with these parameters is this one, resumed."""
        return not self.parameters or _compared(self.parameters) == _compared(parameters)

    def reopen(self) -> None:
        """Mark a run as running again."""
        self.state, self.reason, self.end_ms = State.RUNNING, "", None
        self.is_sent = False

    def close_killed(self) -> None:
        """Mark a run as ended by a kill, now, since its process could not do so."""
        self.state, self.end_ms = State.INTERRUPTED, now_ms()
        self.reason = "its process was killed"

    def note_place(self, place: Place, folder: Path) -> None:
        """Record the server, the run there and the files that arrived (see `RemoteRun.place`)."""
        changed = {name: value for name, value in place if getattr(self, name) != value}
        for name, value in changed.items():
            setattr(self, name, value)
        if changed:
            self.write(folder)

    def write(self, folder: Path) -> None:
        """Replace the record in the run folder, in one step."""
        write_json(folder / TRACKED_RUN, {VERSION: SCHEMA.version, **self.model_dump()})


def read_record(folder: Path) -> Record | None:
    """Return the record in a run folder; None if there is none, or, with a warning, a damaged one."""
    file = folder / TRACKED_RUN
    try:
        content = read_json(file)
        if not isinstance(content, dict):
            raise ValueError("it holds no table")
        return Record.model_validate(SCHEMA.upgrade(content, file))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, ValidationError) as error:
        log.warning(
            "%s cannot be read (%s): a new run is created in MLflow for this folder",
            file,
            one_line(error),
        )
        return None


def read_epochs(folder: Path, start_ms: int) -> list[Epoch]:
    """Return the epochs in the history.csv of a run folder, in their order; none without the file.

    Its metrics have their names in MLflow. The time of an epoch is the start of the run plus the seconds that its epochs took.
    """
    epochs, elapsed_s = [], 0.0
    for values in read_history(RunFolder(folder)):
        if EPOCH_NUMBER not in values:
            continue
        elapsed_s += values.get("time_s", 0.0)
        time_ms = start_ms + int(elapsed_s * 1000)
        step = int(values[EPOCH_NUMBER])
        epochs.append(Epoch(step, time_ms, finite(epoch_names(values))))
    return epochs


def finite(metrics: Mapping[str, float | None]) -> dict[str, float]:
    """Return the metrics that are finite numbers; a database of MLflow takes no others."""
    return {
        name: float(value)
        for name, value in metrics.items()
        if value is not None and math.isfinite(value)
    }


def flat_parameters(parameters: Mapping[str, object]) -> dict[str, str]:
    """Return nested settings as dotted key -> text, redacted and as long as MLflow takes it."""
    return {key: storable(value)[:PARAMETER_LENGTH] for key, value in flatten(parameters)}


def storable(value: Any) -> str:
    """Return a value as text that every database takes: redacted, and bytes that are not UTF-8 escaped."""
    return str(redact_values(value)).encode("utf-8", "backslashreplace").decode()


def flatten(parameters: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield nested settings as (dotted key, value)."""
    for key, value in parameters.items():
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _compared(parameters: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in parameters.items() if not key.startswith(CHANGEABLE)}
