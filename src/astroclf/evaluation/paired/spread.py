"""Standard error of a difference of two models, from images and from seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astroclf.evaluation.resampling import Replicates, combine


@dataclass(frozen=True)
class Spread:
    """A difference B - A with its standard error and degrees of freedom."""

    value: float
    error: float
    dof: float


def spread_of_difference(
    a: Sequence[Replicates], b: Sequence[Replicates], *, paired_seeds: bool
) -> Spread:
    """Return the mean difference of a metric over networks, for other images and other seeds.

    The variance is that over images of the mean over networks, which holds the interaction of images
    and seeds, plus that over seeds without it: the components of a crossed design with images and seeds
    as random factors (Searle, Casella & McCulloch 1992, "Variance Components", 4; for neural networks
    Bouthillier et al. 2021, arXiv:2103.03098). Degrees of freedom: Welch & Satterthwaite (1946, Biometrics
    Bull. 2, 110). A model with one network adds no variance of seeds.

    a, b: replicates of each network, of one metric, on the same resamples. paired_seeds: whether both
    have the same seeds, in the same order.
    """
    difference = combine(_means(len(b)) + _means(len(a), -1), [*b, *a])
    of_images = float(difference.error) ** 2
    if paired_seeds:
        pairs = [combine([1, -1], [one, other]) for one, other in zip(b, a, strict=True)]
        of_seeds = [_variance_of_seeds(pairs)]
    else:
        of_seeds = [_variance_of_seeds(a), _variance_of_seeds(b)]
    components = [(of_images, difference.dof), *of_seeds]
    variance = sum(part for part, _ in components)
    if not variance > 0:
        return Spread(float(difference.value), math.sqrt(max(variance, 0.0)), difference.dof)
    dof = variance**2 / sum(part**2 / max(dof, 1) for part, dof in components)
    return Spread(float(difference.value), math.sqrt(variance), dof)


def _means(n: int, sign: int = 1) -> list[float]:
    return [sign / n] * n


def _variance_of_seeds(networks: Sequence[Replicates]) -> tuple[float, int]:
    """Return the variance of the mean over networks from their seeds alone, and its degrees of freedom."""
    n = len(networks)
    if n < 2:
        return 0.0, 1
    observed = float(np.var([float(each.value) for each in networks], ddof=1)) / n
    of_mean = float(combine(_means(n), networks).error) ** 2
    of_one = float(np.mean([float(each.error) ** 2 for each in networks]))
    interaction = (of_one - of_mean) / (n - 1)  # of images and seeds, in the mean
    return max(0.0, observed - interaction), n - 1
