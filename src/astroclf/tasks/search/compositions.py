"""Hydra as a search sees it: configurations of trials, composed before anything is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
from hydra.core.config_loader import ConfigLoader
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.samplers import RandomSampler

from astroclf.commands import quoted
from astroclf.composition import plain_config
from astroclf.errors import UserError
from astroclf.overrides import explain_refusal
from astroclf.redaction import redact_values
from astroclf.settings import Settings, read_settings
from astroclf.settings.metrics import VOTES, metric_names
from astroclf.sweep.nodes import NODES, STUDY_VARIABLE, TRIAL_VARIABLE
from astroclf.sweep.pruners import is_paired, make_pruner
from astroclf.sweep.space.read import read_space
from astroclf.sweep.space.space import Space
from astroclf.sweep.targets import chosen_node, read_target, target_name
from astroclf.tasks.search.objectives import require_comparable
from astroclf.tracking import flatten

MOST_SAMPLES = 200
# Groups that say nothing about a training, or are settled by the others.
NOT_KEPT = ("experiment", "search")


class Compositions:
    """What the command line means, and what any trial of it would.

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
        self._of_every_trial: list[str] = []
        sources = config.hydra.runtime.config_sources
        self._conf = next(Path(each.path) for each in sources if each.provider == "main")
        self.folder = Path(str(config.hydra.sweep.dir)).absolute()

    def read_space(self) -> Space:
        """What is searched, and what every trial shares.

        Where the loss is searched, its values cannot be compared: trials then monitor the objective,
        else accuracy, or the RMSE of vote fractions. Raises UserError if the user asks for the loss
        all the same, and for a key that changes no trial.
        """
        sweeper = self.sweeper
        space = read_space(sweeper["params"], sweeper["where"], self.arguments, self._settled)
        after = [key for key in space.dimensions if key.startswith("evaluation.")]
        if after:
            raise UserError(
                f"{after[0]} is searched, but it counts only once a model is trained, and changes nothing that trials "
                "are compared by: fix it."
            )
        if any(key.split(".")[0] == "loss" for key in space.dimensions):
            return self._monitoring_no_loss(space)
        return space

    def _monitoring_no_loss(self, space: Space) -> Space:
        settings = self._settings_of_a_trial(space)
        targets = settings.dataset.target_kind
        require_comparable(settings, is_default_allowed="trainer.monitor" not in space.fixed)
        if settings.trainer.monitor != "loss":
            return space
        objective, metrics = settings.search.objective, metric_names(targets)
        default = "rmse" if targets == VOTES else "accuracy"
        monitor = objective if isinstance(objective, str) and objective in metrics else default
        return replace(
            space, fixed={**space.fixed, "trainer.monitor": f"trainer.monitor={monitor}"}
        )

    def check(self, space: Space) -> Settings:
        """Compose trials until every choice has been in one; returns the settings of the first.

        Raises UserError for a key or a choice that does not exist, for settings that no trial could
        have, and where losses of different kinds would be compared.
        """
        rng = optuna.create_study(sampler=RandomSampler(seed=0))
        seen: set[tuple[str, str]] = set()
        composed: list[Settings] = []
        for _ in range(MOST_SAMPLES):
            params = space.suggest(rng.ask())
            tried = {(key, _kind(value)) for key, value in params.items()}
            if not composed or not tried <= seen:
                composed.append(read_settings(plain_config(self.compose(space.overrides(params)))))
            seen |= tried
        if any(settings.loss != composed[0].loss for settings in composed):
            require_comparable(composed[0])
        return composed[0]

    def settle_pruner(self, settings: Settings, space: Space) -> None:
        """Give every trial the same `max_resource` of Hyperband: the steps of the longest trial.

        Optuna would derive it from whichever trial a process sees complete first, one too large for
        steps that start at 1. Raises UserError for a pruner that pairs folds where there are none.
        """
        pruner = self.sweeper["pruner"]
        arguments = read_target("pruner", pruner).arguments
        if is_paired(make_pruner(pruner)) and is_single(settings):
            raise UserError(
                f"hydra/sweeper/pruner={target_name('pruner', pruner)} compares trials fold by fold, and these trials report epochs: "
                "choose task=crossval or seeds=[1,2,3], or another pruner such as median."
            )
        if arguments.get("max_resource") == "auto":
            pruner["max_resource"] = n_steps(settings, space)
            self._of_every_trial.append(
                f"++hydra.sweeper.pruner.max_resource={pruner['max_resource']}"
            )

    def compose(self, overrides: Sequence[str]) -> DictConfig:
        """The configuration of a job; raises UserError where Hydra cannot compose it."""
        try:
            config: DictConfig = self.loader.load_sweep_config(self.config, list(overrides))
        except (HydraException, OmegaConfBaseException) as error:
            raise UserError(explain_refusal(error, self.arguments, self._conf)) from error
        return config

    def trial_overrides(self, number: int) -> list[str]:
        """What tells a job which trial of which study it is."""
        return [
            *self.pinned(str(number)),
            *self._of_every_trial,
            f"++hydra.job.env_set.{STUDY_VARIABLE}={quoted(str(self.sweeper['study_name']))}",
            f"++hydra.job.env_set.{TRIAL_VARIABLE}='{number}'",
        ]

    def pinned(self, subdir: str) -> list[str]:
        """The folder of the sweep, which a job's own choices must not change, and its sub-folder."""
        return [
            f"hydra.sweep.dir={quoted(str(self.folder))}",
            f"hydra.sweep.subdir='{subdir}'",
        ]

    def overlay(self, overrides: Sequence[str]) -> tuple[dict[str, str], dict[str, Any]]:
        """(group -> choice, dotted key -> value) that compose what these overrides do."""
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

    def _settings_of_a_trial(self, space: Space) -> Settings:
        params = space.suggest(optuna.create_study(sampler=RandomSampler(seed=0)).ask())
        return read_settings(plain_config(self.compose(space.overrides(params))))

    def _settled(self, key: str) -> str | None:
        choice = self.config.hydra.runtime.choices.get(key)
        if choice is not None:
            return str(choice)
        missing = object()
        value = OmegaConf.select(self.config, key, default=missing)
        return None if value is missing else str(value)


def is_single(settings: Settings) -> bool:
    """Return whether a trial is one training, not one a seed or a fold."""
    return settings.seeds is None and settings.task.name != "crossval"


def n_steps(settings: Settings, space: Space) -> int:
    """Return the most steps that a trial can report: its seeds, its folds, or its epochs."""
    if settings.seeds is not None:
        return len(settings.seeds)
    if settings.task.name == "crossval":
        return settings.folds
    searched = space.dimensions.get("trainer.epochs")
    if isinstance(searched, CategoricalDistribution):
        return max(int(choice) for choice in searched.choices if choice is not None)
    return searched.high if isinstance(searched, IntDistribution) else settings.trainer.epochs


def _kind(value: Any) -> str:
    """Choices are told apart; one number of an interval is as good as another."""
    return (
        "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
    )
