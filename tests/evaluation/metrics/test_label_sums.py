"""Metrics that follow from sums over images, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, matthews_corrcoef

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.metrics.label_sums import LabelSums, calibration_bin

RNG = np.random.default_rng(0)
TARGETS = RNG.integers(0, 2, 80)
P = RNG.dirichlet([1, 1], 80)
SUMS = LabelSums(Predicted.most_probable(P), TARGETS, bins=10)


def test_metrics_of_equal_weights_are_those_of_scikit_learn() -> None:
    found = {name: value[0] for name, value in SUMS.figures(np.ones((1, 80))).items()}
    assert found["mcc"] == pytest.approx(matthews_corrcoef(TARGETS, P.argmax(axis=1)))
    assert found["log_loss"] == pytest.approx(log_loss(TARGETS, P))
    assert found["brier"] == pytest.approx(brier_score_loss(TARGETS, P[:, 1]))


def test_counts_are_of_true_predicted_and_correct_images() -> None:
    true, predicted, hits = SUMS.counts()
    labels = P.argmax(axis=1)
    np.testing.assert_array_equal(true, np.bincount(TARGETS))
    np.testing.assert_array_equal(predicted, np.bincount(labels))
    np.testing.assert_array_equal(hits, np.bincount(labels[labels == TARGETS], minlength=2))


def test_expected_ece_falls_with_the_number_of_images() -> None:
    p = np.tile(P, (20, 1))
    many = LabelSums(Predicted.most_probable(p), np.tile(TARGETS, 20), bins=10)
    assert many.expected_ece() < SUMS.expected_ece() < 0.3


def test_calibration_bins_include_their_upper_edge() -> None:
    confidence = np.array([0.0, 0.1, 0.11, 0.95, 1.0])
    assert calibration_bin(confidence, 10).tolist() == [0, 0, 1, 9, 9]
