"""Labels: the facts that depend on their kind."""

from __future__ import annotations

import numpy as np

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import ClassLabels, VoteLabels, make_labels

CLASSES = make_labels(np.array([0, 1, 1]), ("star", "galaxy"), np.array([7, 7, 8]))
VOTES = make_labels(np.array([[0.9, 0.2], [0.1, 0.4]]), ("bar", "ring"))


def test_kind_follows_from_the_shape_of_the_targets() -> None:
    assert isinstance(CLASSES, ClassLabels)
    assert isinstance(VOTES, VoteLabels)
    assert (CLASSES.headline, VOTES.headline) == ("accuracy", "rmse")
    assert (CLASSES.positive_class, VOTES.positive_class) == ("galaxy", None)


def test_images_are_chosen_with_their_groups() -> None:
    chosen = CLASSES.of_images(np.array([True, False, True]))
    assert chosen.targets.tolist() == [0, 1]
    assert chosen.groups is not None
    assert chosen.groups.tolist() == [7, 8]
    assert len(VOTES.of_images(np.array([1]))) == 1


def test_leading_is_the_class_or_the_answer_with_most_votes() -> None:
    predicted = Predicted(np.array([[0.3, 0.7], [0.6, 0.4]]), np.array([0, 1]))
    assert CLASSES.leading.tolist() == [0, 1, 1]
    assert CLASSES.leading_predicted(predicted).tolist() == [0, 1]
    assert VOTES.leading.tolist() == [0, 1]
    assert VOTES.leading_predicted(predicted).tolist() == [1, 0]


def test_vote_fractions_have_no_columns_for_classes() -> None:
    assert CLASSES.vote_fractions.shape == (3, 0)
    assert VOTES.vote_fractions.shape == (2, 2)


def test_truth_is_one_hot_or_the_vote_fractions() -> None:
    assert CLASSES.truth(2).tolist() == [[1, 0], [0, 1], [0, 1]]
    assert VOTES.truth(2).tolist() == [[0.9, 0.2], [0.1, 0.4]]


def test_vote_counts_are_chosen_with_their_images() -> None:
    labels = make_labels(VOTES.targets, VOTES.classes, vote_counts=np.array([40.0, 12.0]))
    chosen = labels.of_images(np.array([1]))
    assert isinstance(chosen, VoteLabels)
    assert chosen.vote_counts is not None
    assert chosen.vote_counts.tolist() == [12.0]


def test_constant_prediction_is_of_class_shares_or_mean_votes() -> None:
    constant, text = CLASSES.constant_prediction(2)
    np.testing.assert_allclose(constant, [[1 / 3, 2 / 3]] * 2)
    assert text == "always galaxy, the most frequent class in train"
    constant, text = VOTES.constant_prediction(3)
    np.testing.assert_allclose(constant, [[0.5, 0.3]] * 3)
    assert text == "always the mean vote fractions in train"


def test_only_label_is_the_class_that_every_image_gets() -> None:
    p = np.full((3, 2), 0.5)
    assert CLASSES.only_label(Predicted(p, np.array([1, 1, 1]))) == "galaxy"
    assert CLASSES.only_label(Predicted(p, np.array([1, 1, 0]))) is None
    assert VOTES.only_label(Predicted(p[:2], np.ones((2, 2), bool))) is None
