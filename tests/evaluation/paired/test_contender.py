from __future__ import annotations

import numpy as np
import pytest

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.paired.contender import Column, Contender

ONE, TWO = np.array([[0.8, 0.2], [0.4, 0.6]]), np.array([[0.6, 0.4], [0.9, 0.1]])


def test_probabilities_are_the_mean_and_right_the_share_of_the_networks() -> None:
    contender = Contender("A", [Predicted.most_probable(each) for each in (ONE, TWO)])
    np.testing.assert_allclose(contender.probabilities, [[0.7, 0.3], [0.65, 0.35]])
    labels = make_labels(np.array([0, 1]), ["galaxy", "star"])
    assert contender.right(labels).tolist() == [1.0, 0.5]
    assert len(contender) == 2


def test_bins_hold_their_low_end_and_the_last_one_its_high_end() -> None:
    values = np.array([17.0, 18.0, 19.0, np.nan])
    members = Column("mag_r", values, np.array([17.0, 18.0, 19.0])).members()
    assert members.tolist() == [[1, 0], [0, 1], [0, 1], [0, 0]]


@pytest.mark.parametrize("n_bins", [1, 3, 6])
def test_each_image_with_a_value_is_in_one_bin(n_bins: int) -> None:
    values = np.random.default_rng(0).normal(size=50)
    edges = np.quantile(values, np.linspace(0, 1, n_bins + 1))
    np.testing.assert_array_equal(Column("x", values, edges).members().sum(axis=1), 1)
