from __future__ import annotations

import numpy as np
import pytest

from astroclf.evaluation.paired.spread import spread_of_difference
from astroclf.evaluation.resampling import Replicates, Resampling, replicate


def means(values: np.ndarray, n: int = 4000) -> list[Replicates]:
    """Replicates of the mean of each row (S, N)."""
    return [
        replicate(lambda w, row=row: {"mean": w @ row / w.sum(axis=1)}, len(row), Resampling(n, 0))[
            "mean"
        ]
        for row in values
    ]


def test_one_network_each_has_the_error_of_paired_images() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=300)
    b = a + rng.normal(0.1, 0.2, 300)
    found = spread_of_difference(means(a[None]), means(b[None]), paired_seeds=False)
    assert found.value == pytest.approx(np.mean(b - a))
    assert found.error == pytest.approx(np.std(b - a, ddof=1) / np.sqrt(300), rel=0.03)
    assert found.dof == 299


def test_variances_of_images_and_seeds_are_added_without_their_interaction() -> None:
    """A crossed design of images and paired seeds, against the analysis of variance."""
    rng = np.random.default_rng(1)
    n, s = 200, 6
    difference = (
        rng.normal(0, 0.5, n) + rng.normal(0, 0.05, (s, 1)) + rng.normal(0, 0.4, (s, n)) + 0.1
    )
    a = rng.normal(size=(s, n))
    found = spread_of_difference(means(a), means(a + difference), paired_seeds=True)
    of_seeds = n * np.var(difference.mean(axis=1), ddof=1)  # mean squares
    of_images = s * np.var(difference.mean(axis=0), ddof=1)
    rest = difference - difference.mean(axis=0) - difference.mean(axis=1, keepdims=True)
    interaction = np.sum((rest + difference.mean()) ** 2) / ((n - 1) * (s - 1))
    expected = (of_seeds + of_images - interaction) / (n * s)
    assert found.value == pytest.approx(difference.mean())
    assert found.error**2 == pytest.approx(expected, rel=0.1)
    assert s - 1 < found.dof < n - 1


def test_seeds_that_differ_widen_the_error_and_leave_few_degrees_of_freedom() -> None:
    rng = np.random.default_rng(2)
    images = rng.normal(size=500)
    a, b = (images + shift for shift in ([[0.0], [1], [2]], [[0.5], [1.4], [3]]))
    found = spread_of_difference(means(np.array(a)), means(np.array(b)), paired_seeds=False)
    seeds = np.var([0, 1, 2], ddof=1) / 3 + np.var([0.5, 1.4, 3], ddof=1) / 3
    assert found.error**2 == pytest.approx(seeds, rel=0.01)
    assert 2 < found.dof < 4


def test_without_resamples_there_is_no_error() -> None:
    a, b = means(np.zeros((1, 5)), 0), means(np.ones((1, 5)), 0)
    found = spread_of_difference(a, b, paired_seeds=False)
    assert found.value == 1
    assert not found.error > 0
