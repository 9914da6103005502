"""repeat.json: record of the trainings of several seeds or folds that are complete."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from astroclf.runs.folder import RunFolder
from astroclf.runs.migrations import migrate_manifest_3
from astroclf.runs.schema import Schema, read_versioned, refuse_unreadable, write_versioned

SCHEMA = Schema(4, {3: migrate_manifest_3})
REMEDY = "Resume each seed on its own, as in resume=<folder>/seed-0, or start a new run."


class Manifest(BaseModel):
    """Trainings that are complete.

    epochs: of each training. measured: name of a complete training -> its metrics and costs.
    """

    model_config = ConfigDict(extra="ignore")

    epochs: int
    measured: dict[str, dict[str, float]] = {}


def write_manifest(folder: RunFolder, manifest: Manifest) -> None:
    """Replace the record in one step."""
    write_versioned(folder.manifest, manifest.model_dump(), SCHEMA)


def read_manifest(folder: RunFolder) -> Manifest:
    """Return the record of the trainings in a folder.

    Raises UserError if it is missing, damaged or of a version that cannot be read.
    """
    return Manifest.model_validate(_read(folder, f"resume={folder.path}"))


def read_former_config(folder: RunFolder, key: str) -> dict[str, Any] | None:
    """Return the settings that a former version kept in the record, None without them.

    key: the setting that named the folder. Raises UserError if the record is damaged.
    """
    if not folder.manifest.is_file():
        return None
    config: dict[str, Any] | None = _read(folder, key).get("config")
    return config


def _read(folder: RunFolder, key: str) -> dict[str, Any]:
    with refuse_unreadable(folder.manifest, REMEDY, key):
        content = read_versioned(folder.manifest, SCHEMA)
        Manifest.model_validate(content)
    return content
