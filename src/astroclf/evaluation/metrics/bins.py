"""Accuracy along a column of a catalog: a magnitude, a redshift, a seeing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroclf.evaluation.intervals import estimate, wilson_interval
from astroclf.evaluation.metrics.confusion import ratio
from astroclf.evaluation.resampling import Resampling, replicate
from astroclf.settings.metrics import METRICS


@dataclass(frozen=True)
class Bin:
    """Images with a value in [low, high), the last bin including high.

    ci95: interval of the accuracy: Wilson's, or for images in groups that of
    `intervals.estimate`, None in fewer than ten groups.
    """

    low: float
    high: float
    n: int
    accuracy: float
    ci95: tuple[float, float] | None


@dataclass(frozen=True)
class BinnedAccuracy:
    """Accuracy along one column.

    n_placed: images with a value in the catalog; the others are in no bin.
    n_images: all images.
    """

    column: str
    rows: tuple[Bin, ...]
    n_placed: int
    n_images: int


def bin_edges(values: np.ndarray, bins: int) -> np.ndarray:
    """Return (E,) edges of bins with equally many of the finite values.

    Where many values are the same they stay in one bin, so that bins may differ in size or be
    fewer.
    """
    values = values[np.isfinite(values)]
    return np.unique(np.quantile(values, np.linspace(0, 1, bins + 1))) if len(values) else values


def accuracy_in_bins(
    column: str,
    values: np.ndarray,
    correct: np.ndarray,
    edges: np.ndarray,
    resampling: Resampling,
) -> BinnedAccuracy:
    """Return the accuracy of the images in each bin that holds some.

    values: (N,) of the column, NaN where there is none. correct: (N,) bool. edges: of `bin_edges`,
    the same for all splits, so that their bins can be compared.
    """
    inner = edges[1:-1]
    bin_of = np.where(np.isfinite(values), np.searchsorted(inner, values, side="right"), -1)
    rows = []
    for index in range(len(inner) + 1):
        inside = bin_of == index
        if inside.any():
            low, high = edges[index], edges[min(index + 1, len(edges) - 1)]
            interval = _interval(correct[inside], resampling.of_images(inside))
            share = float(correct[inside].mean())
            rows.append(Bin(float(low), float(high), int(inside.sum()), share, interval))
    return BinnedAccuracy(column, tuple(rows), int(np.sum(bin_of >= 0)), len(values))


def _interval(correct: np.ndarray, resampling: Resampling) -> tuple[float, float] | None:
    if resampling.groups is None:
        return wilson_interval(int(correct.sum()), len(correct))

    def accuracy(weights: np.ndarray) -> dict[str, np.ndarray]:
        return {"accuracy": ratio(weights @ correct, weights.sum(axis=1))}

    replicates = replicate(accuracy, len(correct), resampling)["accuracy"]
    ci95 = estimate(replicates, METRICS["accuracy"].scale)["ci95"]
    return None if ci95 is None else (ci95[0], ci95[1])
