"""Plan of a search, from its command: read and checked before anything is started."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from optuna.samplers import GridSampler

from astroclf.data.dataset import VAL
from astroclf.errors import UserError
from astroclf.settings import Settings
from astroclf.sweep.pruners import make_pruner
from astroclf.sweep.samplers import make_sampler
from astroclf.sweep.space.space import Space
from astroclf.sweep.study import Identity
from astroclf.sweep.targets import target_name
from astroclf.tasks.cache import Cache
from astroclf.tasks.datasets import get_dataset
from astroclf.tasks.search.compositions import Compositions
from astroclf.tasks.search.objectives import read_directions, read_objectives
from astroclf.tracking import flatten

STUDY_NAME = r"\w([\w .+=@,-]*[\w+])?"
LONGEST_NAME = 100
# What trials that are compared may differ in.
NOT_COMPARED = (
    "search.params", "search.where", "search.objective", "search.replicates", "tracking",
    "trainer.device", "trainer.device_cache_fraction", "trainer.threads",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """Plan of a search, read and checked before anything is started.

    settings: of one of its trials. n_val_images: 0 where their number is not known.
    """

    settings: Settings
    space: Space
    objectives: tuple[str, ...]
    identity: Identity
    study_name: str
    storage: str | None
    folder: Path
    sampler: Mapping[str, Any]
    n_trials: int
    n_jobs: int
    max_failure_rate: float
    n_val_images: int = 0


def read_plan(compositions: Compositions) -> Plan:
    """Return the plan of a search. Raises UserError for settings that do not fit."""
    sweeper, folder = compositions.sweeper, compositions.folder
    for key, low in (("n_trials", 1), ("n_jobs", 1)):
        if not isinstance(sweeper[key], int) or sweeper[key] < low:
            raise UserError(
                f"hydra.sweeper.{key}={sweeper[key]} should be a whole number, 1 or more."
            )
    rate = sweeper["max_failure_rate"]
    if not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
        raise UserError(f"hydra.sweeper.max_failure_rate={rate} should be a share from 0 to 1.")
    require_name(sweeper["study_name"])
    space = compositions.read_space()
    if space.is_empty:
        raise UserError(
            "There is nothing to search: every key is fixed. Give a key several values, such as "
            "optimizer.lr='tag(log, interval(1e-4, 1e-2))', or choose search=full, classifier or lora."
        )
    make_pruner(sweeper["pruner"])
    sampler = make_sampler(sweeper["sampler"], space, 0)
    settings = compositions.check(space)
    compositions.settle_pruner(settings, space)
    objectives = read_objectives(settings)
    directions = read_directions(objectives, sweeper["direction"])
    if settings.search.replicates and len(objectives) > 1:
        raise UserError(
            "search.replicates trains the best trial again, and with several objectives there is no single best: "
            "set it to 0, and run experiment=best of the trial you choose."
        )
    n_trials = sweeper["n_trials"]
    if isinstance(sampler, GridSampler):
        n_trials = min(n_trials, space.grid_size)
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
        folder=folder,
        sampler=sweeper["sampler"],
        n_trials=n_trials,
        n_jobs=sweeper["n_jobs"],
        max_failure_rate=float(rate),
    )


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
    data = {
        **{split: f"{len(dataset.indices(split)):,} images" for split in dataset.split_names},
        "classes": ", ".join(dataset.classes),
        "fingerprint": dataset.fingerprint,
    }
    identity = replace(plan.identity, data=data)
    return replace(plan, identity=identity, n_val_images=len(dataset.indices(VAL)))
