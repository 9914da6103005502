"""Configurations of trials, composed by Hydra before anything is started."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
from hydra.core.config_loader import ConfigLoader
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from astroclf.commands import quoted
from astroclf.composition import plain_config
from astroclf.errors import UserError
from astroclf.overrides import explain_refusal
from astroclf.redaction import redact_values
from astroclf.settings import Settings, read_settings
from astroclf.sweep.nodes import NODES, STUDY_VARIABLE, TRIAL_VARIABLE
from astroclf.sweep.targets import chosen_node
from astroclf.tracking import flatten

# Groups without effect on a training, or given by the others.
NOT_KEPT = ("experiment", "search", "paths", "local@_global_")


class Compositions:
    """Composer of the configurations of a search and its trials.

    sweeper: the settings of `hydra.sweeper`. folder: of the sweep, absolute.
    """

    def __init__(self, config: DictConfig, loader: ConfigLoader, arguments: Sequence[str]) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.config = config
        self.loader = loader
        self.arguments = list(arguments)
        self.sweeper: dict[str, Any] = OmegaConf.to_container(  # type: ignore[assignment]
            config.hydra.sweeper, resolve=True
        )
        for kind in NODES:
            self.sweeper[kind] = chosen_node(kind, config.hydra)
        sources = config.hydra.runtime.config_sources
        self._conf = next(Path(each.path) for each in sources if each.provider == "main")
        self.folder = Path(str(config.hydra.sweep.dir)).absolute()

    def compose(self, overrides: Sequence[str]) -> DictConfig:
        """Return the configuration of a job; raises UserError where Hydra cannot compose it."""
        try:
            config: DictConfig = self.loader.load_sweep_config(self.config, list(overrides))
        except (HydraException, OmegaConfBaseException) as error:
            raise UserError(explain_refusal(error, self.arguments, self._conf)) from error
        return config

    def settings(self, overrides: Sequence[str]) -> Settings:
        """Return the settings of a job; raises UserError where they cannot be composed or do not fit."""
        return read_settings(plain_config(self.compose(overrides)))

    def trial_overrides(self, number: int) -> list[str]:
        """Return the overrides that give a job its study, its number and its folder."""
        return [
            *self.pinned(str(number)),
            f"++hydra.job.env_set.{STUDY_VARIABLE}={quoted(str(self.sweeper['study_name']))}",
            f"++hydra.job.env_set.{TRIAL_VARIABLE}='{number}'",
        ]

    def pinned(self, subdir: str) -> list[str]:
        """Return the folder of the sweep, which a job's own choices must not change, and its sub-folder."""
        return [
            f"hydra.sweep.dir={quoted(str(self.folder))}",
            f"hydra.sweep.subdir='{subdir}'",
        ]

    def overlay(self, overrides: Sequence[str]) -> tuple[dict[str, str], dict[str, Any]]:
        """Return (group -> choice, dotted key -> value) that compose the same as these overrides."""
        wanted = self.compose(overrides)
        groups = {
            str(group): str(choice)
            for group, choice in wanted.hydra.runtime.choices.items()
            if choice is not None and not str(group).startswith("hydra/") and group not in NOT_KEPT
        }
        start = self.loader.load_configuration(
            self.config.hydra.job.config_name,
            overrides=[f"{group}={choice}" for group, choice in groups.items()],
            run_mode=RunMode.RUN,
        )
        before = dict(flatten(plain_config(start)))
        values = {
            key: value
            for key, value in flatten(plain_config(wanted))
            if (key not in before or before[key] != value)
            and key.split(".")[0] not in NOT_KEPT
            and redact_values(value) == value  # credentials are given anew
        }
        return groups, values

    def value_of(self, key: str) -> str | None:
        """Return the choice of a config group, or the value of a key; None if there is no such key."""
        choice = self.config.hydra.runtime.choices.get(key)
        if choice is not None:
            return str(choice)
        missing = object()
        value = OmegaConf.select(self.config, key, default=missing)
        return None if value is missing else str(value)
