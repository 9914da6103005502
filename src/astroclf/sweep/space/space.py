"""Search space: its dimensions, the fixed overrides, and the overrides of a job."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.trial import BaseTrial

from astroclf.errors import UserError
from astroclf.sweep.space.dimension import Dimension

LARGEST_GRID = 100_000  # listed again for each trial


@dataclass(frozen=True)
class Space:
    """Dimensions to search, and overrides shared by all trials.

    searched: unconditional ones first, each after those that its conditions name. fixed: key -> the
    override that every job gets.
    """

    searched: tuple[Dimension, ...]
    fixed: Mapping[str, str]

    @cached_property
    def dimensions(self) -> dict[str, BaseDistribution]:
        """Searched key -> its distribution, unconditional ones first."""
        return {dimension.key: dimension.distribution for dimension in self.searched}

    @property
    def is_empty(self) -> bool:
        """True if no key is searched."""
        return not self.searched

    def suggest(self, trial: BaseTrial) -> dict[str, Any]:
        """Return a value for each dimension that applies, given the values of those before it."""
        chosen: dict[str, Any] = {}
        for dimension in self.searched:
            if dimension.applies(chosen):
                chosen[dimension.key] = dimension.suggest(trial)
        return chosen

    def overrides(self, params: Mapping[str, Any]) -> list[str]:
        """Return the overrides of a job: the fixed ones, and one for each parameter of its trial."""
        varied = [d.override(params[d.key]) for d in self.searched if d.key in params]
        return [*self.fixed.values(), *varied]

    @property
    def grid_size(self) -> int:
        """Number of points of the grid; raises as `grid` does."""
        for dimension in self.searched:
            if dimension.size is None:
                raise UserError(
                    f"hydra/sweeper/sampler=grid cannot list {dimension.key}={dimension.describe()}: "
                    f"write choice(a, b) or range(start, stop, step), or choose another sampler."
                )
            if dimension.conditions:
                raise UserError(
                    f"hydra/sweeper/sampler=grid cannot list {dimension.key}, which applies only where "
                    f"{dimension.conditions[0].text}: fix one of the two, or choose another sampler."
                )
        return math.prod(dimension.size or 1 for dimension in self.searched)

    def grid(self) -> dict[str, list[Any]]:
        """Return all values of each dimension.

        Raises UserError for an interval, for a dimension with a condition, and for more points than
        a study could hold.
        """
        if self.grid_size > LARGEST_GRID:
            raise UserError(
                f"hydra/sweeper/sampler=grid would have {self.grid_size} points, and {LARGEST_GRID} "
                "is the most: search fewer values, or choose another sampler."
            )
        return {dimension.key: list(dimension.values) for dimension in self.searched}

    def describe(self) -> dict[str, str]:
        """Return key -> its distribution and conditions as text, to be stored with a study."""
        return {dimension.key: dimension.describe() for dimension in self.searched}


def difference(stored: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return the difference of two descriptions as part of a sentence; "" if there is none."""
    parts = [f"{key} is new" for key in now if key not in stored]
    parts += [
        f"{key} was {stored[key]} and is {now[key]}"
        for key in now
        if key in stored and stored[key] != now[key]
    ]
    parts += [f"{key} is gone" for key in stored if key not in now]
    return ", ".join(parts)
