"""Accuracy, purity and completeness along a column of a catalog: a magnitude, a redshift, a seeing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from astroclf.evaluation.intervals import estimate, wilson_interval
from astroclf.evaluation.metrics.confusion import ratio
from astroclf.evaluation.resampling import Resampling, replicate
from astroclf.settings.metrics import METRICS


class Labeling(NamedTuple):
    """True and predicted classes of N images: names of the K classes, and (N,) int64 of each."""

    classes: Sequence[str]
    truth: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Share:
    """A fraction of n images with its interval, as in `Bin`."""

    value: float
    n: int
    ci95: tuple[float, float] | None


@dataclass(frozen=True)
class Bin:
    """Images with a value in [low, high), the last bin including high.

    ci95: interval of the accuracy: Wilson's, or for images in groups that of
    `intervals.estimate`, None in fewer than ten groups. completeness: class -> the fraction of its
    images that are labeled as it. purity: class -> the fraction of the images labeled as it that
    are of it. Both lack a class without such images; of votes they are empty.
    """

    low: float
    high: float
    n: int
    accuracy: float
    ci95: tuple[float, float] | None
    completeness: Mapping[str, Share] = field(default_factory=dict)
    purity: Mapping[str, Share] = field(default_factory=dict)


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
    labeling: Labeling | None = None,
) -> BinnedAccuracy:
    """Return the accuracy of the images in each bin that holds some.

    values: (N,) of the column, NaN where there is none. correct: (N,) bool. edges: of `bin_edges`,
    the same for all splits, so that their bins can be compared. labeling: the classes, whose purity
    and completeness are measured too.
    """
    inner = edges[1:-1]
    bin_of = np.where(np.isfinite(values), np.searchsorted(inner, values, side="right"), -1)
    rows = []
    for index in range(len(inner) + 1):
        inside = bin_of == index
        if inside.any():
            low, high = float(edges[index]), float(edges[min(index + 1, len(edges) - 1)])
            of_all = _share(correct, inside, resampling)
            completeness, purity = (
                (
                    _class_shares(given, labeling.classes, correct, inside, resampling)
                    for given in (labeling.truth, labeling.labels)
                )
                if labeling is not None
                else ({}, {})
            )
            rows.append(Bin(low, high, of_all.n, of_all.value, of_all.ci95, completeness, purity))
    return BinnedAccuracy(column, tuple(rows), int(np.sum(bin_of >= 0)), len(values))


def _class_shares(
    given: np.ndarray,
    classes: Sequence[str],
    correct: np.ndarray,
    inside: np.ndarray,
    resampling: Resampling,
) -> dict[str, Share]:
    """Return the fraction that is correct of the images inside that are given as each class."""
    chosen = {name: inside & (given == k) for k, name in enumerate(classes)}
    return {
        name: _share(correct, images, resampling) for name, images in chosen.items() if images.any()
    }


def _share(correct: np.ndarray, chosen: np.ndarray, resampling: Resampling) -> Share:
    hits = correct[chosen]
    return Share(float(hits.mean()), len(hits), _interval(hits, resampling.of_images(chosen)))


def _interval(correct: np.ndarray, resampling: Resampling) -> tuple[float, float] | None:
    if resampling.groups is None:
        return wilson_interval(int(correct.sum()), len(correct))

    def accuracy(weights: np.ndarray) -> dict[str, np.ndarray]:
        return {"accuracy": ratio(weights @ correct, weights.sum(axis=1))}

    replicates = replicate(accuracy, len(correct), resampling)["accuracy"]
    ci95 = estimate(replicates, METRICS["accuracy"].scale)["ci95"]
    return None if ci95 is None else (ci95[0], ci95[1])
