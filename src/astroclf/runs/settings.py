"""settings.json: the settings of a run, with which it is resumed or run again."""

from __future__ import annotations

from typing import Any

from astroclf.errors import UserError
from astroclf.redaction import redact_values
from astroclf.runs.folder import RunFolder
from astroclf.runs.manifest import read_former_config
from astroclf.runs.migrations import migrate_config
from astroclf.runs.schema import Schema, read_versioned, refuse_unreadable, write_versioned
from astroclf.settings import Settings

SCHEMA = Schema(3, {1: migrate_config, 2: migrate_config})


def write_settings(folder: RunFolder, settings: Settings) -> None:
    """Replace settings.json in one step; credentials are masked."""
    write_versioned(folder.settings, redact_values(settings.model_dump(mode="json")), SCHEMA)


def read_config(folder: RunFolder, key: str) -> dict[str, Any]:
    """Return the settings of a run as plain containers, from which `read_settings` makes them.

    key: the setting that named the folder, "resume" or "rerun". Runs of former versions have their
    settings in the record of their trainings or in their checkpoint. Raises UserError if there are
    none, or if they are damaged or of a newer version.
    """
    shown = f"{key}={folder.path}"
    if folder.settings.is_file():
        with refuse_unreadable(folder.settings, "Start a new run.", shown):
            return read_versioned(folder.settings, SCHEMA)
    config = read_former_config(folder, shown)
    if config is None and folder.checkpoint.is_file():
        from astroclf.runs import (
            checkpoint,  # imports PyTorch, which no wrong setting should wait for
        )

        config = checkpoint.read_former_config(folder, shown)
    is_fold = config is None or config["task"]["name"] == "crossval"
    if config is not None and (folder.manifest.is_file() or not is_fold):
        return config
    if RunFolder(folder.path.absolute().parent).manifest.is_file():
        raise UserError(
            f"{shown} is one training of several. Give {key}={folder.path.parent} for all of them."
        )
    raise UserError(
        f"{shown}: there is no {folder.settings}. Give the folder of a run that has started to train."
    )
