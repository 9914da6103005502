from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from astroclf.evaluation import intervals
from astroclf.evaluation.intervals import bootstrap, resample, wilson_interval
from astroclf.evaluation.label_metrics import score_labels_with_intervals


def mean_of(values):
    return lambda weights: (weights @ values / weights.sum(axis=1))[:, None]


def test_bootstrap_interval_of_a_mean_is_that_of_the_normal_distribution():
    values = np.random.default_rng(0).normal(size=400)
    figure = bootstrap(mean_of(values), 400, groups=None, resamples=4000, seed=1)[0]
    half = 1.96 * values.std() / np.sqrt(400)
    low, high = figure["ci95"]
    assert figure["value"] == pytest.approx(values.mean())
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_resamples_of_images_draw_as_many_as_there_are():
    weights = np.concatenate(list(resample(50, None, 300, seed=0)))
    assert weights.shape == (300, 50)
    assert (weights.sum(axis=1) == 50).all()
    assert weights.var() == pytest.approx(1 - 1 / 50, rel=0.05)


def test_groups_are_drawn_whole():
    groups = np.array(["a", "b", "a", "c", "c", "c"])
    weights = np.concatenate(list(resample(6, groups, 200, seed=0)))
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, [3, 4]] == weights[:, [5]]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_images_that_come_in_groups_widen_the_interval():
    values = np.repeat(np.random.default_rng(0).normal(size=50), 8)
    groups = np.repeat(np.arange(50), 8)
    widths = []
    for units in (None, groups):
        figure = bootstrap(mean_of(values), 400, groups=units, resamples=1000, seed=0)[0]
        widths.append(np.ptp(figure["ci95"]))
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(8), rel=0.15)


def test_the_seed_decides_the_interval_whatever_the_chunks(monkeypatch):
    values = np.random.default_rng(0).normal(size=30)
    draw = {"groups": None, "resamples": 100}
    once = bootstrap(mean_of(values), 30, **draw, seed=5)
    assert once == bootstrap(mean_of(values), 30, **draw, seed=5)
    assert once != bootstrap(mean_of(values), 30, **draw, seed=6)
    monkeypatch.setattr(intervals, "WEIGHTS_PER_CHUNK", 70)
    assert once == bootstrap(mean_of(values), 30, **draw, seed=5)


def test_an_interval_is_what_a_plain_loop_over_resampled_images_gives():
    rng = np.random.default_rng(2)
    p = rng.dirichlet([1, 1], 80)
    y = (rng.random(80) < p[:, 1]).astype(int)
    scores = score_labels_with_intervals(
        p, y, np.zeros(80), "ab", bins=5, groups=None, resamples=40, seed=9
    )
    draws = []
    for weights in np.concatenate(list(resample(80, None, 40, seed=9))).astype(int):
        draws.append(roc_auc_score(np.repeat(y, weights), np.repeat(p[:, 1], weights)))
    expected = np.percentile(draws, [2.5, 97.5])
    assert scores.overall["roc_auc"]["ci95"] == pytest.approx(expected, abs=1e-12)


def test_wilson_interval_by_hand_and_at_the_ends():
    # 8 of 10: centre (0.8 + z2 / 20) / (1 + z2 / 10), z2 = 3.8415
    assert wilson_interval(8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)
    assert wilson_interval(0, 7)[0] == 0.0
    assert wilson_interval(7, 7)[1] == 1.0
    assert wilson_interval(0, 0) == (0.0, 1.0)
