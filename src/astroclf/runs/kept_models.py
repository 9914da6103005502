"""kept_models.json: the best trials of a search, whose models are kept."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from astroclf.runs.folder import RunFolder
from astroclf.runs.schema import Schema, read_versioned, refuse_unreadable, write_versioned

SCHEMA = Schema(1)


class KeptTrial(BaseModel):
    """A trial, and the value of its first objective on val."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int
    value: float


class KeptModels(BaseModel):
    """The best trials of a search so far, the best one first.

    objective: the first one. n_complete: number of complete trials. n_kept: search.keep_models.
    updated_ms: time of the last change, in milliseconds since 1970.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str
    objective: str
    n_complete: int
    n_kept: int
    trials: list[KeptTrial]
    updated_ms: int


def write_kept_models(folder: RunFolder, kept: KeptModels) -> None:
    """Replace kept_models.json of the folder of a search in one step."""
    write_versioned(folder.kept_models, kept.model_dump(), SCHEMA)


def read_kept_models(folder: RunFolder) -> KeptModels:
    """Return the best trials of a search. Raises UserError if they are missing, damaged or of a newer version."""
    with refuse_unreadable(folder.kept_models, "Run the command of the search again to write it."):
        return KeptModels.model_validate(read_versioned(folder.kept_models, SCHEMA))
