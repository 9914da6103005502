"""Distribution of a quantity as a few quantiles, and the distance of two such distributions."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

LEVELS = np.linspace(0, 1, 101)
DIGITS = 6


class Distribution(BaseModel):
    """Quantiles of n values at the equally spaced levels from 0 to 1; none for n = 0."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int
    quantiles: tuple[float, ...]

    @classmethod
    def of(cls, values: np.ndarray) -> Distribution:
        """Return the distribution of the values that are finite."""
        finite = values[np.isfinite(values)]
        if not len(finite):
            return cls(n=0, quantiles=())
        quantiles = np.quantile(finite.astype(np.float64), LEVELS).tolist()
        return cls(n=len(finite), quantiles=tuple(float(f"{q:.{DIGITS}g}") for q in quantiles))

    def quantile(self, level: float) -> float:
        """Return the value below which this share lies; NaN for n = 0."""
        if not self.n:
            return float("nan")
        return float(np.interp(level, self._levels, self.quantiles))

    def share_below(self, values: np.ndarray, side: Literal["left", "right"]) -> np.ndarray:
        """Return the share of the distribution below each value: `left` without it, `right` with it.

        Interpolated linearly between quantiles.
        """
        quantiles = np.array(self.quantiles)
        after = np.searchsorted(quantiles, values, side=side)
        before = np.clip(after - 1, 0, len(quantiles) - 1)
        last = np.clip(after, 0, len(quantiles) - 1)
        gap = quantiles[last] - quantiles[before]
        inside = np.divide(
            values - quantiles[before], gap, out=np.zeros(len(values)), where=gap > 0
        )
        shares: np.ndarray = (before + inside) / (len(quantiles) - 1)
        return np.where(after == 0, 0.0, np.where(after == len(quantiles), 1.0, shares))

    @property
    def _levels(self) -> np.ndarray:
        return np.linspace(0, 1, len(self.quantiles))


def kolmogorov_smirnov(first: Distribution, second: Distribution) -> tuple[float, float]:
    """Return the Kolmogorov-Smirnov distance of two distributions, and its asymptotic p-value.

    The distance is the largest difference of their cumulative shares, 0 to 1. Quantiles in steps of
    1 % make it accurate to 0.01. NaN if one has no values.
    """
    if not first.n or not second.n:
        return float("nan"), float("nan")
    from scipy.special import kolmogorov

    values = np.unique([*first.quantiles, *second.quantiles])
    distance = max(
        float(np.abs(first.share_below(values, side) - second.share_below(values, side)).max())
        for side in ("left", "right")
    )
    n = first.n * second.n / (first.n + second.n)
    return distance, float(kolmogorov(np.sqrt(n) * distance))
