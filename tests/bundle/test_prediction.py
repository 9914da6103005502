from __future__ import annotations

import numpy as np
import pytest

from astroclf.bundle import Prediction

PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.5, 0.45, 0.05]])


def test_confidence_is_the_probability_of_the_label_and_not_the_highest_one() -> None:
    tuned = Prediction(PROBABILITIES, np.array([0, 2, 1]))  # thresholds may favor a rare class
    assert tuned.leading.tolist() == [0, 2, 1]
    assert tuned.confidence.tolist() == [0.7, 0.4, 0.45]


def test_votes_lead_by_their_highest_fraction() -> None:
    votes = Prediction(PROBABILITIES, PROBABILITIES > 0.35)
    assert votes.leading.tolist() == [0, 2, 0]
    assert votes.confidence.tolist() == [0.7, 0.4, 0.5]


@pytest.mark.parametrize("labels", [np.empty(0, np.int64), np.empty((0, 3), bool)])
def test_no_images_have_no_predictions(labels: np.ndarray) -> None:
    none = Prediction(np.empty((0, 3)), labels)
    assert none.leading.shape == none.confidence.shape == (0,)
