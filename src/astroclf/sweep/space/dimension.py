"""Dimension of a search space: a key, its distribution, and its conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import BaseTrial

from astroclf.sweep.space import syntax

Distribution = FloatDistribution | IntDistribution | CategoricalDistribution


@dataclass(frozen=True)
class Condition:
    """Condition that a key has one of these values."""

    key: str
    values: tuple[Any, ...]
    text: str  # as it was written

    def allows(self, value: Any) -> bool:
        """Return whether the value, or its text, is one of them."""
        return str(value) in map(str, self.values)


@dataclass(frozen=True)
class Dimension:
    """A key, its distribution, and the conditions of which one must hold (none: it always applies)."""

    key: str
    distribution: Distribution
    prefix: str = ""  # + or ++, where the key is not in the configuration
    structures: frozenset[str] = frozenset()  # choices that are the text of a list or a dict
    conditions: tuple[Condition, ...] = ()

    def applies(self, chosen: Mapping[str, Any]) -> bool:
        """Return whether a condition holds for these values, or there is none."""
        return not self.conditions or any(
            condition.key in chosen and condition.allows(chosen[condition.key])
            for condition in self.conditions
        )

    def suggest(self, trial: BaseTrial) -> Any:
        """Return the value that the sampler of a trial draws."""
        d = self.distribution
        if isinstance(d, FloatDistribution):
            return trial.suggest_float(self.key, d.low, d.high, log=d.log, step=d.step)
        if isinstance(d, IntDistribution):
            return trial.suggest_int(self.key, d.low, d.high, log=d.log, step=d.step)
        return trial.suggest_categorical(self.key, d.choices)

    def override(self, value: Any) -> str:
        """Return the override that gives a job this value."""
        return f"{self.prefix}{self.key}={self._text(value)}"

    @property
    def size(self) -> int | None:
        """Number of values; None for an interval."""
        d = self.distribution
        if isinstance(d, CategoricalDistribution):
            return len(d.choices)
        return None if d.step is None else round((d.high - d.low) / d.step) + 1

    @property
    def values(self) -> Sequence[Any]:
        """All values of a dimension with a size."""
        d = self.distribution
        if isinstance(d, CategoricalDistribution):
            return d.choices
        if isinstance(d, IntDistribution):
            return range(d.low, d.high + 1, d.step)
        assert self.size is not None
        return [_point(d, index) for index in range(self.size)]

    def describe(self) -> str:
        """Return the distribution in Hydra's syntax, with its conditions."""
        places = " or ".join(condition.text for condition in self.conditions)
        return f"{self.sweep}{' where ' if places else ''}{places}"

    @property
    def sweep(self) -> str:
        """The distribution in Hydra's syntax."""
        d = self.distribution
        if isinstance(d, CategoricalDistribution):
            return f"choice({', '.join(map(self._text, d.choices))})"
        if self.size is None:
            interval = f"interval({d.low}, {d.high})"
        elif d.log:
            interval = f"int(interval({d.low}, {d.high}))"
        else:
            step = "" if d.step == 1 else f", {d.step}"
            return f"range({d.low}, {_point(d, self.size)}{step})"
        return f"tag(log, {interval})" if d.log else interval

    def _text(self, value: Any) -> str:
        d = self.distribution
        if isinstance(value, str) and value in self.structures:
            return value
        if isinstance(d, FloatDistribution) and d.step is not None:
            # Optuna's own sum of steps may be 0.30000000000000004.
            value = _point(d, round((value - d.low) / d.step))
        return syntax.written(value)


def _point(d: FloatDistribution | IntDistribution, index: int) -> float | int:
    """Return the value so many steps above the lowest, in decimal arithmetic."""
    point = Decimal(str(d.low)) + index * Decimal(str(d.step))
    return int(point) if isinstance(d, IntDistribution) else float(point)
