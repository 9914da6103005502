"""The best of a search, trained once more with several seeds: the first time that test is looked at."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from astroclf.sweep.content import SweepContent
from astroclf.sweep.space import Space
from astroclf.tasks.search.compositions import Compositions

log = logging.getLogger(__name__)

# Does jobs at once: the overrides of each, and the number of the first -> their return values.
LaunchJobs = Callable[[Sequence[list[str]], int], Sequence[Any]]


def replicate_best(
    content: SweepContent,
    space: Space,
    n_seeds: int,
    folder: Path,
    compositions: Compositions,
    launch: LaunchJobs,
) -> SweepContent:
    """The content with what the best trial reaches on test with seeds 0, 1, ..., n_seeds - 1; on val
    where the data have no test.

    Trained in a sub-folder that names the trial, and only if that has not been done.
    """
    assert content.best is not None
    name, seeds = f"replicates-of-{content.best.number}", list(range(n_seeds))
    figures = folder / name / "metrics.json"
    if _seeds_of(figures) != seeds:
        log.info(
            "training trial %d once more with %d seeds, in %s", content.best.number, n_seeds, name
        )
        overrides = [
            *space.overrides(content.best.params),
            f"seeds=[{','.join(map(str, seeds))}]",
            *compositions.pinned(name),
        ]
        outcome = launch([overrides], len(content.trials))[0]
        if isinstance(outcome, BaseException):
            log.warning("the replicates could not be trained: %s", outcome)
            return content
    measured = json.loads(figures.read_text())
    split = "test" if "test" in measured else "val"
    return replace(content, replicates=measured[split], seeds=tuple(seeds), replicated_on=split)


def _seeds_of(figures: Path) -> list[int] | None:
    """The seeds of replicates that are there and whole."""
    try:
        seeds: list[int] = json.loads(figures.read_text())["run"]["seeds"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return seeds
