"""Plan of a search, from its command: read and checked before anything is started."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from optuna.samplers import GridSampler

from astroclf.data.dataset import VAL
from astroclf.errors import UserError
from astroclf.settings import Settings
from astroclf.sweep.engine import Budget
from astroclf.sweep.pruners import make_pruner
from astroclf.sweep.samplers import make_sampler
from astroclf.sweep.space.space import Space
from astroclf.sweep.study import Identity
from astroclf.sweep.targets import Node, target_name
from astroclf.tasks.cache import Cache
from astroclf.tasks.data_checks import require_no_leaks
from astroclf.tasks.datasets import get_dataset
from astroclf.tasks.search.compositions import Compositions
from astroclf.tasks.search.objectives import read_directions, read_objectives
from astroclf.tasks.search.space import (
    compose_choices,
    pruner_overrides,
    read_search_space,
    require_steps,
)
from astroclf.tracking import flatten

STUDY_NAME = r"\w([\w .+=@,-]*[\w+])?"
LONGEST_NAME = 100
# What trials that are compared may differ in.
NOT_COMPARED = (
    "search.params", "search.where", "search.objective", "search.replicates", "search.keep_models", "tracking",
    "trainer.device", "trainer.device_cache_fraction", "trainer.threads", "evaluation.report",
    "evaluation.conformal", "dataset.rgb_bands", "paths",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """Plan of a search, read and checked before anything is started.

    settings: of one of its trials. sampler: its node. pruner: its name. job_overrides: of every trial,
    beside those of the space. n_val_images: 0 where their number is not known.
    """

    settings: Settings
    space: Space
    objectives: tuple[str, ...]
    identity: Identity
    study_name: str
    storage: str | None
    folder: Path
    budget: Budget
    sampler: Node
    pruner: str
    job_overrides: tuple[str, ...] = ()
    n_val_images: int = 0


def read_plan(compositions: Compositions) -> Plan:
    """Return the plan of a search. Raises UserError for settings that do not fit."""
    sweeper = compositions.sweeper
    budget = read_budget(sweeper)
    require_name(sweeper["study_name"])
    space = read_search_space(compositions)
    pruner = make_pruner(sweeper["pruner"])
    sampler = make_sampler(sweeper["sampler"], space, seed=0)
    if isinstance(sampler, GridSampler):
        budget = replace(budget, n_trials=min(budget.n_trials, space.grid_size))
    settings = compose_choices(space, compositions)
    require_steps(pruner, sweeper["pruner"], settings)
    objectives = read_objectives(settings)
    directions = read_directions(objectives, sweeper["direction"])
    return Plan(
        settings=settings,
        space=space,
        objectives=objectives,
        identity=Identity(
            objectives=objectives,
            directions=tuple(directions),
            sampler=target_name("sampler", sweeper["sampler"]),
            space=space.describe(),
            settings=compared_settings(settings, space),
        ),
        study_name=str(sweeper["study_name"]),
        storage=sweeper["storage"],
        folder=compositions.folder,
        budget=budget,
        sampler=sweeper["sampler"],
        pruner=target_name("pruner", sweeper["pruner"]),
        job_overrides=pruner_overrides(sweeper["pruner"], settings, space),
    )


def read_budget(sweeper: Node) -> Budget:
    """Return the numbers of trials. Raises UserError for those out of range."""
    for key in ("n_trials", "n_jobs"):
        if not isinstance(sweeper[key], int) or sweeper[key] < 1:
            raise UserError(
                f"hydra.sweeper.{key}={sweeper[key]} should be a whole number, 1 or more."
            )
    rate = sweeper["max_failure_rate"]
    if not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
        raise UserError(f"hydra.sweeper.max_failure_rate={rate} should be a share from 0 to 1.")
    return Budget(sweeper["n_trials"], sweeper["n_jobs"], float(rate))


def require_name(name: Any) -> None:
    """Raise UserError for the name of a study that is not one plain folder name."""
    if (
        not re.fullmatch(STUDY_NAME, str(name))
        or name is None
        or len(str(name).encode()) > LONGEST_NAME
    ):
        raise UserError(
            f"hydra.sweeper.study_name={str(name)[:LONGEST_NAME]!r}: not a folder name that commands can hold. Use letters, digits, "
            f"blanks and . _ - + = @ , only, a letter or digit first and last, at most {LONGEST_NAME} bytes."
        )


def compared_settings(settings: Settings, space: Space) -> dict[str, str]:
    """Dotted key -> value of everything that all trials share."""
    searched = set(space.dimensions)
    return {
        key: str(value)
        for key, value in flatten(settings.model_dump())
        if not any(key == each or key.startswith(f"{each}.") for each in (*NOT_COMPARED, *searched))
    }


def with_data(plan: Plan, cache: Cache) -> Plan:
    """Return the plan with what describes the images of all trials, if no key of dataset is searched."""
    if any(re.split(r"[.@]", key)[0] in ("dataset", "experiment") for key in plan.space.dimensions):
        return plan
    dataset = get_dataset(plan.settings, cache)
    require_no_leaks(plan.settings, dataset)
    data = {
        **{split: f"{len(dataset.indices(split)):,} images" for split in dataset.split_names},
        "classes": ", ".join(dataset.classes),
        "fingerprint": dataset.fingerprint,
    }
    identity = replace(plan.identity, data=data)
    return replace(plan, identity=identity, n_val_images=len(dataset.indices(VAL)))
