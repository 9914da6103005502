from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import r2_score, root_mean_squared_error

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.metrics.vote_metrics import score_votes, score_votes_with_intervals
from astroclf.evaluation.resampling import Resampling

RNG = np.random.default_rng(0)
VOTES = RNG.random((120, 4)).astype(np.float32)
PREDICTED = np.clip(VOTES + RNG.normal(0, [0.05, 0.1, 0.2, 0.3], VOTES.shape), 0, 1)
LOSSES = RNG.random(120)


def predicted(fractions) -> Predicted:
    return Predicted(fractions, fractions > 0.5)


def measure(fractions, votes, losses, resampling):
    labels = make_labels(votes, "abcd"[: votes.shape[1]])
    return score_votes_with_intervals(predicted(fractions), labels, losses, 0, resampling)


def test_rmse_is_taken_over_all_images_and_answers():
    scores = score_votes(predicted(PREDICTED), make_labels(VOTES, "abcd"), LOSSES, 0)
    expected = root_mean_squared_error(VOTES.ravel(), PREDICTED.ravel())
    r2 = r2_score(VOTES, PREDICTED, multioutput="variance_weighted")
    assert scores == pytest.approx({"loss": LOSSES.mean(), "rmse": expected, "r2": r2})


def test_each_answer_has_its_rmse_with_an_interval_round_it():
    scores = measure(PREDICTED, VOTES, LOSSES, Resampling(200, 0))
    assert list(scores.overall) == ["loss", "rmse", "r2"]
    for index, answer in enumerate("abcd"):
        figure = scores.per_class[answer]["rmse"]
        expected = root_mean_squared_error(VOTES[:, index], PREDICTED[:, index])
        assert figure["value"] == pytest.approx(expected)
        assert figure["ci95"][0] < expected < figure["ci95"][1]
        assert scores.per_class[answer]["n"] == 120


def test_no_resamples_give_no_intervals():
    scores = measure(PREDICTED, VOTES, LOSSES, Resampling(0, 0))
    assert scores.overall["rmse"]["ci95"] is None


def test_bias_and_r2_of_each_answer_equal_their_definitions():
    scores = measure(PREDICTED, VOTES, LOSSES, Resampling(0, 0))
    for index, answer in enumerate("abcd"):
        figures = scores.per_class[answer]
        truth, predicted = VOTES[:, index].astype(float), PREDICTED[:, index].astype(float)
        assert figures["r2"]["value"] == pytest.approx(r2_score(truth, predicted))
        assert figures["bias"]["value"] == pytest.approx(np.mean(predicted - truth))


def test_r2_of_a_constant_answer_is_not_defined():
    votes = np.column_stack([np.full(50, 0.3), RNG.random(50)]).astype(np.float32)
    scores = measure(votes * 0.9, votes, np.zeros(50), Resampling(0, 0))
    assert scores.per_class["a"]["r2"]["value"] is None
    assert scores.per_class["b"]["r2"]["value"] is not None
