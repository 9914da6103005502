"""95 % intervals: the bootstrap for any metric, and Wilson's for a proportion."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TypedDict

import numpy as np

WEIGHTS_PER_CHUNK = 1_000_000  # 8 MB: a few arrays of this size stay close to the cache
NORMAL_975 = 1.959963984540054  # the 97.5 % quantile of the standard normal distribution


class Measured(TypedDict):
    """A metric as it stands in metrics.json.

    value: None where the metric is not defined (one class only, say).
    ci95: [low, high], or None where there is no value or nothing was resampled.
    """

    value: float | None
    ci95: list[float] | None


def bootstrap(
    statistic: Callable[[np.ndarray], np.ndarray],
    n_images: int,
    *,
    groups: np.ndarray | None,
    resamples: int,
    seed: int,
) -> list[Measured]:
    """Measure M metrics on all images, and their 95 % percentile intervals.

    The percentile bootstrap of Efron & Tibshirani (1993), "An Introduction to the Bootstrap",
    chapter 13. With groups, whole groups are drawn with replacement (the cluster bootstrap; Davison
    & Hinkley 1997, section 3.8), since images of one group are not independent. Resamples in which
    a metric is not defined are left out of its interval.

    statistic: weights (R, n_images) -> values (R, M); a weight says how often an image counts.
    groups: (n_images,) of any sortable type, or None.
    resamples: 0 gives no intervals.
    """
    values = statistic(np.ones((1, n_images)))[0]
    if resamples == 0 or n_images == 0:
        return [measured(value, None) for value in values.tolist()]
    draws = np.concatenate(
        [statistic(weights) for weights in resample(n_images, groups, resamples, seed)]
    )
    return [
        measured(value, percentile_interval(draw))
        for value, draw in zip(values.tolist(), draws.T, strict=True)
    ]


def resample(
    n_images: int, groups: np.ndarray | None, resamples: int, seed: int
) -> Iterator[np.ndarray]:
    """How often each image was drawn: chunks of (r, n_images) float64, `resamples` rows in all."""
    rng = np.random.default_rng(seed)
    members = None if groups is None else np.unique(groups, return_inverse=True)[1].reshape(-1)
    n_units = n_images if members is None else int(members.max()) + 1
    rows_per_chunk = max(1, WEIGHTS_PER_CHUNK // n_images)
    for start in range(0, resamples, rows_per_chunk):
        rows = min(rows_per_chunk, resamples - start)
        drawn = rng.integers(n_units, size=(rows, n_units))
        drawn += np.arange(rows)[:, None] * n_units
        counts = np.bincount(drawn.reshape(-1), minlength=rows * n_units).reshape(rows, n_units)
        yield (counts if members is None else counts[:, members]).astype(np.float64)


def percentile_interval(draws: np.ndarray) -> list[float] | None:
    """The central 95 % of the draws that are numbers, or None if none is."""
    defined = draws[np.isfinite(draws)]
    return None if defined.size == 0 else np.percentile(defined, [2.5, 97.5]).tolist()


def measured(value: float, interval: list[float] | None) -> Measured:
    if not math.isfinite(value):
        return {"value": None, "ci95": None}
    return {"value": value, "ci95": interval}


def wilson_interval(hits: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a proportion (Wilson 1927, JASA 22, 209); (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = hits / n, NORMAL_975**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = NORMAL_975 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    # At 0 and n hits the bound is 0 or 1 exactly, which rounding would miss.
    low = 0.0 if hits == 0 else centre - half
    high = 1.0 if hits == n else centre + half
    return low, high
