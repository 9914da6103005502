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
    found = spread_of_difference(means(a[None]), means(b[None]))
    assert found.value == pytest.approx(np.mean(b - a))
    assert found.error == pytest.approx(np.std(b - a, ddof=1) / np.sqrt(300), rel=0.03)
    assert found.dof == 299


def test_variances_of_images_and_of_the_seeds_of_each_model_are_added() -> None:
    rng = np.random.default_rng(1)
    n, s = 200, 6
    images = rng.normal(size=n)
    a, b = (images + rng.normal(0, 0.05, (s, 1)) + rng.normal(0, 0.4, (s, n)) for _ in range(2))
    found = spread_of_difference(means(a), means(b))
    of_images = np.var(b.mean(axis=0) - a.mean(axis=0), ddof=1) / n
    of_seeds = sum(np.var(each.mean(axis=1), ddof=1) / s for each in (a, b))
    assert found.value == pytest.approx(b.mean() - a.mean())
    assert found.error**2 == pytest.approx(of_images + of_seeds, rel=0.05)
    assert s - 1 < found.dof < n - 1


def test_seeds_that_differ_widen_the_error_and_leave_few_degrees_of_freedom() -> None:
    rng = np.random.default_rng(2)
    images = rng.normal(size=500)
    a, b = (images + shift for shift in ([[0.0], [1], [2]], [[0.5], [1.4], [3]]))
    found = spread_of_difference(means(np.array(a)), means(np.array(b)))
    seeds = np.var([0, 1, 2], ddof=1) / 3 + np.var([0.5, 1.4, 3], ddof=1) / 3
    assert found.error**2 == pytest.approx(seeds, rel=0.01)
    assert 2 < found.dof < 4


def test_without_resamples_there_is_no_error() -> None:
    a, b = means(np.zeros((1, 5)), 0), means(np.ones((1, 5)), 0)
    found = spread_of_difference(a, b)
    assert found.value == 1
    assert not found.error > 0
