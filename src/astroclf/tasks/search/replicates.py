"""Replicates of the best trial with several seeds: the first and only evaluation of a search on test."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count, islice
from typing import Any

from astroclf.errors import UserError
from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import read_metrics
from astroclf.settings import Settings
from astroclf.sweep.content import Replicated, SweepContent
from astroclf.tasks.search.compositions import Compositions
from astroclf.tasks.search.plan import Plan

log = logging.getLogger(__name__)

SEED_KEYS = ("seed", "seeds")

# Runs jobs in parallel: the overrides of each, and the number of the first -> their return values.
LaunchJobs = Callable[[Sequence[list[str]], int], Sequence[Any]]


def replicate_best(
    content: SweepContent, plan: Plan, compositions: Compositions, launch: LaunchJobs
) -> SweepContent:
    """Return the content with the metrics of the best trial on test, for seeds that no trial used; on
    val where the data have no test.

    Trained in a sub-folder named after the trial, and only if that has not been done. Of a search
    over cross-validations, each replicate is one plain training.
    """
    assert content.best is not None
    name, seeds = f"replicates-of-{content.best.number}", unused_seeds(plan.settings, content)
    own = {"task": "task=train", "seeds": f"seeds=[{','.join(map(str, seeds))}]"}
    space = replace(plan.space, fixed={**plan.space.fixed, **own})
    own_folder = RunFolder(plan.folder / name)
    if _seeds_of(own_folder) != seeds:
        log.info(
            "training trial %d once more with %d seeds, in %s",
            content.best.number,
            len(seeds),
            name,
        )
        overrides = [
            *space.overrides(content.best.params),
            *compositions.pinned(name),
        ]
        outcome = launch([overrides], len(content.trials))[0]
        if isinstance(outcome, BaseException):
            log.warning("the replicates could not be trained: %s", outcome)
            return content
    measured = read_metrics(own_folder).splits
    split = "test" if "test" in measured else "val"
    replicates = {
        name: Replicated(mean=metric.value, std=metric.std, values=metric.values)
        for name, metric in measured[split].items()
    }
    return replace(content, replicates=replicates, seeds=tuple(seeds), replicated_on=split)


def unused_seeds(settings: Settings, content: SweepContent) -> list[int]:
    """Return the smallest `search.replicates` seeds that no trial was trained with.

    A trial trains with `seed`, or `seeds`, either of which may be searched. The winner was selected
    with the luck of its own seed, which a replicate must not share.
    """
    searched = [str(trial.params.get(key, "")) for trial in content.trials for key in SEED_KEYS]
    used = {
        settings.seed,
        *(settings.seeds or ()),
        *map(int, re.findall(r"\d+", " ".join(searched))),
    }
    unused = (seed for seed in count() if seed not in used)
    return list(islice(unused, settings.search.replicates))


def _seeds_of(folder: RunFolder) -> list[int] | None:
    """Return the seeds of replicates that are complete, None if there are none."""
    try:
        return read_metrics(folder).run.seeds
    except UserError:
        return None
