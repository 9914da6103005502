"""Coverage and size of prediction sets, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroclf.evaluation.intervals import Measured, estimate, measured, wilson_interval
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metrics.confusion import ratio
from astroclf.evaluation.resampling import Resampling, replicate

# Figure -> scale of its interval, see `intervals.t_interval`.
SCALES = {"coverage": "logit", "mean_size": "log", "empty": "logit", "multiple": "logit"}


@dataclass(frozen=True)
class SetScores:
    """Prediction sets of one split, as stored in metrics.json.

    overall: `coverage`, the fraction of images whose set holds their class, `mean_size`, the mean
    number of classes in a set, and `empty` and `multiple`, the fractions of sets without a class and
    with several. per_class: class -> the number of its images as `n`, and the same figures.
    """

    overall: dict[str, Measured]
    per_class: dict[str, dict[str, Measured | int]]


def score_sets(sets: np.ndarray, labels: Labels, resampling: Resampling) -> SetScores:
    """Return the figures of prediction sets with 95 % intervals.

    Wilson's for fractions of independent images; else of `intervals.estimate`, from the bootstrap or,
    for images in groups, the jackknife.

    sets: (N, K) bool. labels: of classes.
    """
    held = sets[np.arange(len(labels)), labels.leading]
    sizes = sets.sum(axis=1)
    values = {"coverage": held, "mean_size": sizes, "empty": sizes == 0, "multiple": sizes > 1}
    per_class: dict[str, dict[str, Measured | int]] = {}
    for k, name in enumerate(labels.classes):
        of_class = labels.leading == k
        part = {figure: each[of_class] for figure, each in values.items()}
        scores = _measure(part, resampling.of_images(of_class))
        per_class[name] = {"n": int(of_class.sum()), **scores}
    return SetScores(_measure(values, resampling), per_class)


def _measure(values: dict[str, np.ndarray], resampling: Resampling) -> dict[str, Measured]:
    """Return the mean of each figure with its interval."""
    n_images = len(next(iter(values.values())))
    if not n_images:
        return {figure: measured(float("nan"), None) for figure in values}

    def means(weights: np.ndarray) -> dict[str, np.ndarray]:
        return {
            figure: ratio(weights @ each, weights.sum(axis=1)) for figure, each in values.items()
        }

    replicates = replicate(means, n_images, resampling)
    found = {figure: estimate(replicates[figure], SCALES[figure]) for figure in values}
    if resampling.groups is None and resampling.n:
        for figure, each in values.items():
            if each.dtype == bool:
                interval = wilson_interval(int(each.sum()), n_images)
                found[figure] = measured(float(each.mean()), interval)
    return found
