"""Searched parameter: its values among the trials, and their positions on an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class Parameter:
    """One parameter of a search.

    name: dotted key, such as `optimizer.lr`.
    categories: texts of its choices; empty for numbers.
    low, high: the smallest and largest number among the trials; for choices, their first and last
        position.
    n_tried: number of different values among the trials.
    """

    name: str
    categories: tuple[str, ...]
    low: float
    high: float
    n_tried: int
    is_log: bool = False
    is_integer: bool = False

    def number(self, value: Any) -> float:
        """Return a number as it is, and the position of a choice."""
        return self.categories.index(as_text(value)) if self.categories else float(value)

    def place(self, number: float) -> float:
        """Return the position along the axis, from 0 at `low` to 1 at `high`; 0.5 if these are equal."""
        if self.high == self.low:
            return 0.5
        scaled = np.log if self.is_log else float
        low, high = scaled(self.low), scaled(self.high)
        return float((scaled(number) - low) / (high - low))

    def ticks(self, most: int = 5) -> list[tuple[float, str]]:
        """Return numbers within the axis, with their texts."""
        if self.categories:
            return [(float(index), name) for index, name in enumerate(self.categories)]
        if self.is_log:
            numbers = log_ticks(self.low, self.high, most)
        else:
            numbers = linear_ticks(self.low, self.high, most, self.is_integer)
        return [(number, as_text(number)) for number in numbers]


def parameters_of(trials: Sequence[FrozenTrial]) -> list[Parameter]:
    """Return the parameters of trials, in order of appearance."""
    names = dict.fromkeys(name for trial in trials for name in trial.params)
    return [_parameter(name, [trial for trial in trials if name in trial.params]) for name in names]


def _parameter(name: str, trials: Sequence[FrozenTrial]) -> Parameter:
    distributions = [trial.distributions[name] for trial in trials]
    values = [trial.params[name] for trial in trials]
    n_tried = len(set(map(as_text, values)))
    choices = [each for each in distributions if isinstance(each, CategoricalDistribution)]
    if choices:
        listed = [choice for each in choices for choice in each.choices]
        categories = tuple(dict.fromkeys(map(as_text, [*listed, *values])))
        return Parameter(name, categories, 0.0, len(categories) - 1.0, n_tried)
    return Parameter(
        name,
        (),
        min(map(float, values)),
        max(map(float, values)),
        n_tried,
        is_log=all(getattr(each, "log", False) for each in distributions),
        is_integer=all(isinstance(each, IntDistribution) for each in distributions),
    )


def as_text(value: Any) -> str:
    """Return a value as written on the command line, with four digits."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, float):
        return str(value)
    if value.is_integer() and abs(value) < 1e5:
        return str(int(value))
    mantissa, _, exponent = f"{value:.4g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def log_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return powers of ten within the bounds, 2 and 5 times these if few are, else the bounds."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1,), (1, 2, 5)):
        ticks = [float(f"{k}e{decade}") for decade in decades for k in factors]
        ticks = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
        if len(ticks) >= 2:
            return ticks[:: -(-len(ticks) // most)]
    return sorted({low, high})


def linear_ticks(low: float, high: float, most: int = 5, integers: bool = False) -> list[float]:
    """Return round numbers within the bounds, or the bounds, if few are."""
    from matplotlib.ticker import MaxNLocator

    found = MaxNLocator(nbins=most - 1, integer=integers, steps=[1, 2, 2.5, 5, 10]).tick_values(
        low, high
    )
    ticks = [float(tick) for tick in found if low <= tick <= high]
    return ticks if len(ticks) >= 2 else sorted({low, high})
