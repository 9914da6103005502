"""Metrics of questions against their definitions by hand."""

from __future__ import annotations

import numpy as np
import pytest

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import VoteLabels, make_labels
from astroclf.evaluation.metrics.question_metrics import score_questions
from astroclf.evaluation.metrics.vote_metrics import score_votes_with_intervals
from astroclf.evaluation.resampling import Resampling
from fixtures.trees import GALAXIES, draw_fractions

N, BINS = 60, 5
TRUTH, PREDICTED = draw_fractions(GALAXIES, N, 1), draw_fractions(GALAXIES, N, 2)
COUNTS = np.random.default_rng(0).integers(5, 50, N).astype(np.float32)


def labels_of(counts=COUNTS, classes=GALAXIES.answers, truth=TRUTH) -> VoteLabels:
    labels = make_labels(truth, classes, tree=GALAXIES, vote_counts=counts)
    assert isinstance(labels, VoteLabels)
    return labels


def ece_by_hand(question, counts) -> float:
    """Loops over images, answers and bins."""
    columns = GALAXIES.positions(question.answers)
    over, total = np.zeros((len(columns), BINS)), 0.0
    for true, predicted, n in zip(TRUTH[:, columns], PREDICTED[:, columns], counts, strict=True):
        votes = n * true.sum()
        shares = zip(predicted / predicted.sum(), true / true.sum(), strict=True)
        for k, (share, of_truth) in enumerate(shares):
            over[k, min(int(np.ceil(share * BINS)) - 1, BINS - 1)] += votes * (share - of_truth)
            total += votes
    return float(np.abs(over).sum() / total)


@pytest.mark.parametrize("counts", [COUNTS, None])
def test_ece_is_of_shares_weighted_by_the_votes_that_reached_the_question(counts):
    found = score_questions(PREDICTED, labels_of(counts), BINS, Resampling(0, 0))
    assert list(found) == [each.name for each in GALAXIES.questions]
    for question in GALAXIES.questions:
        expected = ece_by_hand(question, np.ones(N) if counts is None else counts)
        assert found[question.name]["ece"] == pytest.approx({"value": expected, "ci95": None})


def test_rmse_is_over_the_answers_of_a_question_with_an_interval_round_it():
    found = score_questions(PREDICTED, labels_of(), BINS, Resampling(200, 0))["merger"]
    columns = GALAXIES.positions(("merger", "alone"))
    expected = np.sqrt(np.mean((PREDICTED - TRUTH)[:, columns] ** 2))
    assert found["rmse"]["value"] == pytest.approx(expected)
    assert found["rmse"]["ci95"][0] < expected < found["rmse"]["ci95"][1]
    assert found["n"] == N


def test_perfect_shares_are_calibrated_whatever_the_probability_of_reaching_them_is():
    shares = [block / block.sum(axis=1, keepdims=True) for block in GALAXIES.split(TRUTH)]
    reached_otherwise = GALAXIES.chain([np.full_like(shares[0], 1 / 3), *shares[1:]])
    p = np.concatenate(reached_otherwise, axis=1)
    found = score_questions(p, labels_of(), BINS, Resampling(0, 0))
    assert found["shape"]["ece"]["value"] > 0.01
    for name in ("round", "disk", "odd"):
        assert found[name]["ece"]["value"] == pytest.approx(0, abs=1e-6)


def test_answers_are_found_by_name_and_unknown_counts_weigh_as_their_mean():
    order = np.random.default_rng(3).permutation(len(GALAXIES.answers))
    classes = tuple(GALAXIES.answers[k] for k in order)
    other = labels_of(classes=classes, truth=TRUTH[:, order])
    one = score_questions(PREDICTED[:, order], other, BINS, Resampling(0, 0))
    assert one == score_questions(PREDICTED, labels_of(), BINS, Resampling(0, 0))
    unknown = score_questions(PREDICTED, labels_of(np.full(N, np.nan)), BINS, Resampling(0, 0))
    assert unknown == score_questions(PREDICTED, labels_of(None), BINS, Resampling(0, 0))


def test_a_question_that_nobody_answered_has_no_calibration_error():
    truth = TRUTH.copy()
    truth[:, GALAXIES.positions(("merger", "alone"))] = 0
    found = score_questions(PREDICTED, labels_of(truth=truth), BINS, Resampling(0, 0))["merger"]
    assert found["n"] == 0
    assert found["ece"]["value"] is None


def test_votes_without_a_tree_have_no_questions():
    predicted, losses = Predicted(PREDICTED, PREDICTED > 0.5), np.zeros(N)
    resampling = Resampling(0, 0)
    with_tree = score_votes_with_intervals(predicted, labels_of(), losses, BINS, resampling)
    assert set(with_tree.per_question) == {each.name for each in GALAXIES.questions}
    plain = make_labels(TRUTH, GALAXIES.answers)
    found = score_votes_with_intervals(predicted, plain, losses, BINS, resampling)
    assert found.per_question == {}
    assert found.overall == with_tree.overall
