"""predict/progress.json: rows of the table of predictions that are on the disk."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, NonNegativeInt

from astroclf.runs.folder import RunFolder
from astroclf.runs.schema import Schema, read_versioned, refuse_unreadable, write_versioned

SCHEMA = Schema(1)
REMEDY = "Predict again in another folder."


class PredictionProgress(BaseModel):
    """Progress of task=predict.

    model, input: checksums of the trained model and of the input. columns: of the table. kind: csv
    or parquet. total: rows of the input. rows: those on the disk. position: where they end (see
    `PredictionTable`). is_complete: whether the table is in its place.
    """

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    model: str
    input: str
    columns: tuple[str, ...]
    kind: str
    total: NonNegativeInt
    rows: NonNegativeInt = 0
    position: NonNegativeInt = 0
    is_complete: bool = False


def write_progress(folder: RunFolder, progress: PredictionProgress) -> None:
    """Replace the record in one step. Raise OSError."""
    folder.prediction_progress.parent.mkdir(exist_ok=True)
    write_versioned(folder.prediction_progress, progress.model_dump(mode="json"), SCHEMA)


def read_progress(folder: RunFolder) -> PredictionProgress | None:
    """Return the record, None if there is none. Raise UserError if it is damaged."""
    if not folder.prediction_progress.is_file():
        return None
    with refuse_unreadable(folder.prediction_progress, REMEDY):
        return PredictionProgress.model_validate(read_versioned(folder.prediction_progress, SCHEMA))
