"""Samplers of trials, made anew for each."""

from __future__ import annotations

from typing import Any

import numpy as np
from optuna.samplers import BaseSampler, GridSampler, QMCSampler, RandomSampler

from astroclf.sweep.space.space import Space
from astroclf.sweep.targets import Node, read_target


def trial_seed(seed: int, number: int) -> int:
    """Return the sampler seed of a trial, below 2**32, from the seed of the search and its number.

    Streams of neighboring seeds or numbers are independent (numpy's `SeedSequence`), so that
    searches with seeds 0 and 1 have no trials in common beyond chance.
    """
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def make_sampler(node: Node, space: Space, seed: int) -> BaseSampler:
    """Return the sampler of one trial, whose state is the study alone.

    node: an entry of `nodes.SAMPLERS`, with the user's changes, or any `_target_` with its arguments.
    seed: of this trial. It replaces the node's own, except that of a sequence which all trials
        share: the order of a grid, and quasi-Monte Carlo.

    With a grid, `study.tell` raises RuntimeError after it has stored the last point, since the
    sampler calls `study.stop`, which only `study.optimize` allows.

    Raises UserError for a target that cannot be imported or made, an unknown argument, a value that
    does not fit, and a grid over an interval or a conditional dimension.
    """
    target = read_target("sampler", node)
    own: dict[str, Any] = {}
    if target.function is GridSampler:
        own["search_space"] = space.grid()
    elif target.function is QMCSampler:
        # Without a seed of its own, what is not in the sequence would be equal in each trial.
        own["independent_sampler"] = RandomSampler(seed=seed)
    elif target.accepts("seed"):
        own["seed"] = seed
    sampler: BaseSampler = target.make(**own)
    return sampler


def search_seed(node: Node) -> int:
    """Return the seed of a search: that of its sampler, 0 where the node has none."""
    return int(node.get("seed") or 0)
