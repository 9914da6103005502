from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from astroclf.evaluation.metrics.ranking import Ranking
from astroclf.evaluation.resampling import Resampling, replicate


def mean_of(values):
    return lambda weights: {"mean": weights @ values / weights.sum(axis=1)}


def weights_of(n_images, resampling, strata=None):
    """The weights themselves, as figures."""
    return replicate(lambda w: {"weights": w}, n_images, resampling, strata)["weights"].draws


def test_bootstrap_error_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(0).normal(size=400)
    found = replicate(mean_of(values), 400, Resampling(4000, 1))["mean"]
    assert found.value == pytest.approx(values.mean())
    assert found.error == pytest.approx(values.std(ddof=1) / 20, rel=0.03)
    assert (found.units, found.unit, found.dof) == (400, "image", 399)


def test_shares_of_strata_vary_as_in_a_random_sample_but_none_is_lost():
    strata = np.array([0] * 30 + [1] * 3 + [2] * 67)
    weights = weights_of(100, Resampling(4000, 0), strata)
    assert weights.shape == (4000, 100)
    np.testing.assert_allclose(weights.sum(axis=1), 100)
    for stratum, n in ((0, 30), (1, 3), (2, 67)):
        total = weights[:, strata == stratum].sum(axis=1)
        assert total.min() > 0
        assert total.mean() == pytest.approx(n, rel=0.03)
        assert total.std() == pytest.approx(np.sqrt(n * (1 - n / 100)), rel=0.06)


def test_bootstrap_variance_is_unbiased_in_small_strata():
    """Of a stratum of three images too, which a draw of three from three underestimates by 1/3."""
    rng = np.random.default_rng(1)
    values, strata = rng.normal(size=90), np.repeat(np.arange(30), 3)

    def mean_of_strata(weights):
        return {"mean": np.mean([
            weights[:, strata == k] @ values[strata == k] / weights[:, strata == k].sum(axis=1)
            for k in range(30)
        ], axis=0)}  # fmt: skip

    found = replicate(mean_of_strata, 90, Resampling(5000, 0), strata)["mean"]
    within = values.reshape(30, 3).var(axis=1, ddof=1)
    assert found.error == pytest.approx(np.sqrt(within.mean() / 90), rel=0.04)
    assert found.dof == 60


def test_groups_are_deleted_whole_one_after_the_other():
    groups = np.array(["a", "b", "a", "c", "c", "c"])
    weights = weights_of(6, Resampling(200, 0, groups))
    expected = [[0, 1, 0, 1, 1, 1], [1, 0, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]]
    np.testing.assert_array_equal(weights, expected)


def test_jackknife_error_of_equally_large_groups_is_that_of_their_means():
    values = np.random.default_rng(0).normal(size=(12, 8)) + np.arange(12)[:, None]
    groups = np.repeat(np.arange(12), 8)
    found = replicate(mean_of(values.ravel()), 96, Resampling(100, 0, groups))["mean"]
    assert found.error == pytest.approx(values.mean(axis=1).std(ddof=1) / np.sqrt(12))
    assert (found.units, found.unit, found.dof) == (12, "group", 11)


def test_more_groups_than_resamples_are_deleted_in_blocks():
    groups = np.arange(90) // 2
    weights = weights_of(90, Resampling(15, 0, groups))
    assert weights.shape == (15, 90)
    assert ((weights == 0).sum(axis=0) == 1).all(), "each image is deleted once"
    assert (weights[:, ::2] == weights[:, 1::2]).all(), "groups stay whole"


def test_no_resamples_leave_the_value_alone():
    for groups in (None, np.arange(6) // 2):
        found = replicate(mean_of(np.arange(6.0)), 6, Resampling(0, 0, groups))["mean"]
        assert found.value == 2.5
        assert len(found.draws) == 0
        assert np.isnan(found.error)


def test_the_seed_decides_the_draws():
    values = np.random.default_rng(0).normal(size=30)
    once = replicate(mean_of(values), 30, Resampling(100, 5))["mean"].draws
    again = replicate(mean_of(values), 30, Resampling(100, 5))["mean"].draws
    np.testing.assert_array_equal(once, again)
    assert (once != replicate(mean_of(values), 30, Resampling(100, 6))["mean"].draws).any()


def test_a_replicate_is_the_metric_of_the_weighted_images():
    rng = np.random.default_rng(2)
    scores, positive = rng.random(80), rng.random(80) < 0.4

    def figures(weights):
        return {"auc": Ranking(scores, positive).areas(weights)[0], "weights": weights}

    found = replicate(figures, 80, Resampling(20, 9), positive.astype(int))
    for auc, weights in zip(found["auc"].draws, found["weights"].draws, strict=True):
        assert auc == pytest.approx(roc_auc_score(positive, scores, sample_weight=weights))
