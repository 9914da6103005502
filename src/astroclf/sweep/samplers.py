"""The node of a sampler -> Optuna's sampler."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna import samplers
from optuna.exceptions import ExperimentalWarning

from astroclf.errors import UserError
from astroclf.sweep.nodes import SAMPLERS
from astroclf.sweep.options import read_options
from astroclf.sweep.space.space import Space


def trial_seed(seed: int, number: int) -> int:
    """Return the sampler seed of a trial, below 2**32, from the seed of the search and its number.

    Streams of neighboring seeds or numbers are independent (numpy's `SeedSequence`), so that
    searches with seeds 0 and 1 have no trials in common beyond chance.
    """
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def make_sampler(node: Mapping[str, Any], space: Space, seed: int) -> samplers.BaseSampler:
    """A sampler for one trial; all that samplers must remember lies in the study.

    node: an entry of `nodes.SAMPLERS`, with the user's changes.
    seed: of this trial. It takes the place of the node's own, except that of a sequence which all
        trials share: the order of a grid, and quasi-Monte Carlo.

    With `grid`, `study.tell` raises RuntimeError after it has stored the last point of the grid,
    since the sampler calls `study.stop`, which only `study.optimize` allows.

    Raises UserError for an unknown name or option, a value that does not fit, and a grid over an
    interval or a conditional dimension.
    """
    name, options = read_options("sampler", node, SAMPLERS)
    shared_seed = options.pop("seed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return _make(name, options, space, shared_seed, seed)
    except (TypeError, ValueError) as error:
        raise UserError(
            f"hydra/sweeper/sampler={name} cannot be made: {str(error).rstrip('.')}."
        ) from error


def _make(
    name: str, options: dict[str, Any], space: Space, shared_seed: int, seed: int
) -> samplers.BaseSampler:
    if name == "grid":
        return samplers.GridSampler(space.grid(), seed=shared_seed)
    if name == "qmc":
        # Without one of its own, what does not lie on the sequence would be the same in each trial.
        rest = samplers.RandomSampler(seed=seed)
        return samplers.QMCSampler(
            **options, seed=shared_seed, independent_sampler=rest, warn_independent_sampling=False
        )
    if name == "cmaes":
        return samplers.CmaEsSampler(**options, seed=seed, warn_independent_sampling=False)
    if name == "gp":
        return samplers.GPSampler(**options, seed=seed, warn_independent_sampling=False)
    if name == "nsgaii":
        return samplers.NSGAIISampler(**options, seed=seed)
    if name == "random":
        return samplers.RandomSampler(seed=seed)
    return samplers.TPESampler(**options, seed=seed)
