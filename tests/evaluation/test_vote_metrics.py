from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import root_mean_squared_error

from astroclf.evaluation.vote_metrics import score_votes, score_votes_with_intervals

RNG = np.random.default_rng(0)
VOTES = RNG.random((120, 4)).astype(np.float32)
PREDICTED = np.clip(VOTES + RNG.normal(0, [0.05, 0.1, 0.2, 0.3], VOTES.shape), 0, 1)
LOSSES = RNG.random(120)


def test_rmse_is_taken_over_all_images_and_answers():
    scores = score_votes(PREDICTED, VOTES, LOSSES)
    expected = root_mean_squared_error(VOTES.ravel(), PREDICTED.ravel())
    assert scores == pytest.approx({"loss": LOSSES.mean(), "rmse": expected})


def test_each_answer_has_its_rmse_with_an_interval_round_it():
    scores = score_votes_with_intervals(
        PREDICTED, VOTES, LOSSES, "abcd", groups=None, resamples=200, seed=0
    )
    assert list(scores.overall) == ["loss", "rmse"]
    for index, answer in enumerate("abcd"):
        figure = scores.per_class[answer]["rmse"]
        expected = root_mean_squared_error(VOTES[:, index], PREDICTED[:, index])
        assert figure["value"] == pytest.approx(expected)
        assert figure["ci95"][0] < expected < figure["ci95"][1]
        assert scores.per_class[answer]["n"] == 120


def test_no_resamples_give_no_intervals():
    scores = score_votes_with_intervals(
        PREDICTED, VOTES, LOSSES, "abcd", groups=None, resamples=0, seed=0
    )
    assert scores.overall["rmse"]["ci95"] is None
