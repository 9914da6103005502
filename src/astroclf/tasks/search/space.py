"""Space of a search, checked by composing its trials."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.pruners import BasePruner
from optuna.samplers import RandomSampler

from astroclf.errors import UserError
from astroclf.settings import Settings
from astroclf.settings.metrics import VOTES, metric_names
from astroclf.sweep.pruners import is_paired
from astroclf.sweep.space.read import read_space
from astroclf.sweep.space.space import Space
from astroclf.sweep.targets import Node, read_target, target_name
from astroclf.tasks.search.compositions import Compositions
from astroclf.tasks.search.objectives import require_comparable

MOST_SAMPLES = 200


def read_search_space(compositions: Compositions) -> Space:
    """Return the searched keys, and the overrides that every trial shares.

    Values of different losses cannot be compared: where the loss is searched, trials monitor the
    objective, else accuracy, or the RMSE of vote fractions. Raises UserError if the user asks for the
    loss all the same, for a key that changes no trial, and if every key is fixed.
    """
    sweeper, arguments = compositions.sweeper, compositions.arguments
    space = read_space(sweeper["params"], sweeper["where"], arguments, compositions.value_of)
    if space.is_empty:
        raise UserError(
            "There is nothing to search: every key is fixed. Give a key several values, such as "
            "optimizer.lr='tag(log, interval(1e-4, 1e-2))', or choose search=full, classifier or lora."
        )
    after = [key for key in space.dimensions if key.startswith("evaluation.")]
    if after:
        raise UserError(
            f"{after[0]} is searched, but it applies only after the training, and changes no objective of a "
            "trial. Fix it."
        )
    if any(key.split(".")[0] == "loss" for key in space.dimensions):
        return _monitor_no_loss(space, compositions)
    return space


def compose_choices(space: Space, compositions: Compositions) -> Settings:
    """Compose trials until every choice has been in one; return the settings of the first.

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
            composed.append(compositions.settings(space.overrides(params)))
        seen |= tried
    if any(settings.loss != composed[0].loss for settings in composed):
        require_comparable(composed[0])
    return composed[0]


def require_steps(pruner: BasePruner, node: Node, settings: Settings) -> None:
    """Raise UserError for a pruner that compares fold by fold where a trial has no folds."""
    if is_paired(pruner) and is_single(settings):
        raise UserError(
            f"hydra/sweeper/pruner={target_name('pruner', node)} compares trials fold by fold, and these trials report epochs: "
            "choose task=crossval or seeds=[1,2,3], or another pruner such as median."
        )


def pruner_overrides(node: Node, settings: Settings, space: Space) -> tuple[str, ...]:
    """Return the override that gives every trial the same `max_resource` of Hyperband.

    Optuna would derive it from whichever trial a process sees complete first, one too large for
    steps that start at 1.
    """
    if read_target("pruner", node).arguments.get("max_resource") != "auto":
        return ()
    return (f"++hydra.sweeper.pruner.max_resource={n_steps(settings, space)}",)


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


def _monitor_no_loss(space: Space, compositions: Compositions) -> Space:
    params = space.suggest(optuna.create_study(sampler=RandomSampler(seed=0)).ask())
    settings = compositions.settings(space.overrides(params))
    require_comparable(settings, is_default_allowed="trainer.monitor" not in space.fixed)
    if settings.trainer.monitor != "loss":
        return space
    targets, objective = settings.dataset.target_kind, settings.search.objective
    default = "rmse" if targets == VOTES else "accuracy"
    is_metric = isinstance(objective, str) and objective in metric_names(targets)
    monitor = objective if is_metric else default
    fixed = {**space.fixed, "trainer.monitor": f"trainer.monitor={monitor}"}
    return replace(space, fixed=fixed)


def _kind(value: Any) -> str:
    """Return a choice as text; one number of an interval is as good as another."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return "number" if is_number else str(value)
