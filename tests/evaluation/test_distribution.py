"""Distributions as quantiles, and their Kolmogorov-Smirnov distance against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from astroclf.evaluation.distribution import Distribution, kolmogorov_smirnov

RNG = np.random.default_rng(0)
SAMPLES = {
    "equal": (RNG.normal(size=1000), RNG.normal(size=500)),
    "shifted": (RNG.normal(size=1000), RNG.normal(0.5, 1, 300)),
    "wider": (RNG.normal(size=800), RNG.normal(0, 3, 800)),
    "apart": (RNG.normal(size=200), RNG.normal(20, 1, 200)),
    "with ties": (np.r_[np.zeros(300), RNG.random(700)], np.r_[np.zeros(100), RNG.random(900)]),
    "small": (RNG.normal(size=12), RNG.normal(1, 1, 9)),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_distance_is_that_of_scipy(name: str) -> None:
    first, second = SAMPLES[name]
    distance, p_value = kolmogorov_smirnov(Distribution.of(first), Distribution.of(second))
    reference = ks_2samp(first, second)
    tolerance = 0.01 if min(len(first), len(second)) > 100 else 0.1
    assert distance == pytest.approx(reference.statistic, abs=tolerance)
    if tolerance < 0.1:
        assert (p_value < 0.001) == (reference.pvalue < 0.001)


def test_constant_values() -> None:
    zeros, ones = Distribution.of(np.zeros(10)), Distribution.of(np.ones(20))
    assert kolmogorov_smirnov(zeros, zeros)[0] == 0
    assert kolmogorov_smirnov(zeros, ones)[0] == 1


def test_quantiles_leave_out_what_is_not_finite() -> None:
    values = np.r_[np.arange(101.0), np.nan, np.inf]
    distribution = Distribution.of(values)
    assert distribution.n == 101
    assert distribution.quantile(0.16) == pytest.approx(16)
    empty = Distribution.of(np.array([np.nan]))
    assert np.isnan(empty.quantile(0.5))
    assert np.isnan(kolmogorov_smirnov(empty, distribution)).all()


def test_distributions_are_stored_as_json() -> None:
    distribution = Distribution.of(np.array([1.0, 2.0]))
    assert Distribution.model_validate(distribution.model_dump(mode="json")) == distribution
