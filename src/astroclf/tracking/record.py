"""Record of a tracked run, kept in the run folder so that it can be sent to MLflow later."""

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
from astroclf.files import read_csv, read_json, write_json
from astroclf.redaction import redact_values

log = logging.getLogger(__name__)

RUN_FILE = "mlflow.json"
HISTORY_FILE = "history.csv"
RUNNING = "RUNNING"
PARAMETER_LENGTH = 6000  # MLflow's own limit
# Parameters with which a run goes on; with others it is another run.
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


class Record(BaseModel):
    """Everything that MLflow gets of a run but its epochs, which are in history.csv.

    key: identifies this run on every server. status: RUNNING, FINISHED, FAILED or KILLED.
    artifacts: files and folders of the run folder, by name. uri, experiment_id, run_id: where it was
    sent last. sent_artifacts: artifact -> size and time of what arrived. is_sent: whether all of the
    run arrived there, end included.
    """

    model_config = ConfigDict(extra="ignore")

    key: str = Field(default_factory=lambda: uuid.uuid4().hex)
    name: str = "run"
    start_ms: int = Field(default_factory=now_ms)
    end_ms: int | None = None
    status: str = RUNNING
    state: str = ""
    reason: str = ""
    parameters: dict[str, str] = {}
    tags: dict[str, str] = {}
    dataset: dict[str, str] = {}
    metrics: dict[str, float] = {}
    artifacts: list[str] = []
    uri: str = ""
    experiment_id: str = ""
    run_id: str = ""
    sent_artifacts: dict[str, str] = {}
    is_sent: bool = False

    def is_same_run(self, parameters: Mapping[str, str]) -> bool:
        """Return whether a run with these parameters is this one, resumed."""
        return not self.parameters or _compared(self.parameters) == _compared(parameters)

    def reopen(self) -> None:
        """Mark a run as running again."""
        self.status, self.state, self.reason, self.end_ms = RUNNING, "", "", None
        self.is_sent = False

    def close_killed(self) -> None:
        """Mark a run as ended by a kill, now: the kill left no time for it."""
        self.status, self.state, self.end_ms = "KILLED", State.INTERRUPTED, now_ms()
        self.reason = "its process was killed"

    def note_place(self, place: Mapping[str, Any], folder: Path) -> None:
        """Record where the run was sent and what of it arrived, see `RemoteRun.place`."""
        if any(getattr(self, name) != value for name, value in place.items()):
            for name, value in place.items():
                setattr(self, name, value)
            self.write(folder)

    def write(self, folder: Path) -> None:
        """Replace the record in the run folder, in one step."""
        write_json(folder / RUN_FILE, self.model_dump())


def read_record(folder: Path) -> Record | None:
    """Return the record in a run folder; None if there is none, or, with a warning, a damaged one."""
    file = folder / RUN_FILE
    try:
        return Record.model_validate(read_json(file))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, ValidationError) as error:
        log.warning(
            "%s cannot be read (%s): MLflow gets a new run for this folder", file, one_line(error)
        )
        return None


def read_epochs(folder: Path, start_ms: int) -> list[Epoch]:
    """Return the epochs in the history.csv of a run folder, in their order; none without the file.

    The time of an epoch is the start of the run plus the seconds that its epochs took.
    """
    try:
        rows = read_csv(folder / HISTORY_FILE)
    except FileNotFoundError:
        return []
    epochs, elapsed_s = [], 0.0
    for number, row in enumerate(rows, start=1):
        values = {name: _number(cell) for name, cell in row.items()}
        if "epoch" not in values:
            continue
        elapsed_s += values.get("time_s", 0.0)
        step = int(values.pop("epoch", number))
        epochs.append(Epoch(step, start_ms + int(elapsed_s * 1000), finite(values)))
    return epochs


def finite(metrics: Mapping[str, float | None]) -> dict[str, float]:
    """Return the metrics that are finite numbers; a database of MLflow takes no others."""
    return {
        name: float(value)
        for name, value in metrics.items()
        if value is not None and math.isfinite(value)
    }


def flat_parameters(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return nested settings as dotted key -> text, redacted and as long as MLflow takes it."""
    return {key: storable(value)[:PARAMETER_LENGTH] for key, value in flatten(parameters)}


def storable(value: Any) -> str:
    """Return a value as text that every database takes: redacted, and bytes that are not UTF-8 escaped."""
    return str(redact_values(value)).encode("utf-8", "backslashreplace").decode()


def flatten(parameters: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield nested settings as (dotted key, value)."""
    for key, value in parameters.items():
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _compared(parameters: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in parameters.items() if not key.startswith(CHANGEABLE)}


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan
