"""Settings of a run that is resumed, or run again, from those in its folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from astroclf.errors import UserError
from astroclf.files import named_path
from astroclf.runs.folder import RunFolder
from astroclf.runs.settings import read_config

# May be given beside resume=<folder>; everything else is as in the interrupted run.
CHANGEABLE_ON_RESUME = (
    *("trainer.epochs", "trainer.device", "trainer.threads"),
    *("tracking", "model_from"),
)


def stored_config(config: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return the configuration to run: the composed one, or that of the run in `resume` or `rerun`."""
    if config["rerun"] is not None:
        return rerun_config(config, overrides)
    return config if config["resume"] is None else resumed_config(config, overrides)


def resumed_config(config: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return the configuration of an interrupted run with the few changes that a resume may bring.

    config: composed from the overrides, with `resume`. Raises UserError for any other change, and if
    the folder holds no run.
    """
    keys = [key for key in _keys(overrides) if key != "resume"]
    for key in keys:
        if key.split(".")[0] != "tracking" and key not in CHANGEABLE_ON_RESUME:
            raise UserError(
                f"{key}: cannot be changed when a run is resumed with its own settings. Give only "
                f"{', '.join(CHANGEABLE_ON_RESUME)}, or run it again with rerun=."
            )
    folder = RunFolder(named_path(config["resume"], "resume"))
    if not folder.is_resumable:
        raise UserError(
            f"resume={folder.path}: there is no {folder.checkpoint}. Give the folder of a run that has "
            "started to train."
        )
    stored = read_config(folder, "resume")
    for key in keys:
        _apply("tracking" if key.startswith("tracking.") else key, config, stored)
    return stored


def rerun_config(config: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return the configuration of a run that is run again, with the overrides on top.

    An option of a group (model=mobilenet) comes with its default values. config: composed from the
    overrides, with `rerun`. Raises UserError if the folder holds no settings of a run.
    """
    if config.get("resume") is not None:
        raise UserError(
            f"rerun={config['rerun']}: a run is either resumed or run again. Leave out rerun or resume."
        )
    keys = [
        key for key in _keys(overrides) if key.partition(".")[0] not in ("rerun", "paths", "local")
    ]
    if "experiment" in keys:
        raise UserError(
            f"rerun={config['rerun']}: a recipe would replace the settings of the run. Leave out "
            "experiment, or give its settings one by one."
        )
    stored = read_config(RunFolder(named_path(config["rerun"], "rerun")), "rerun")
    for key in sorted(keys, key=lambda key: "." in key):  # options before their values
        _apply(key, config, stored)
    return stored


def _keys(overrides: Sequence[str]) -> list[str]:
    return [override.split("=", 1)[0].lstrip("+~") for override in overrides]


def _apply(key: str, config: Mapping[str, Any], stored: dict[str, Any]) -> None:
    """Set a key or a whole group of the stored configuration as it was composed."""
    group, _, name = key.partition(".")
    if name:
        name = name.split(".")[0]
        stored[group][name] = config[group][name]
    else:
        stored[group] = config[group]
