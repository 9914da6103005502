"""Risk-coverage curve: by hand, against a loop, and its area at known values."""

from __future__ import annotations

import numpy as np
import pytest

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.metrics.risk_coverage import RiskCoverage, risk_coverage
from astroclf.evaluation.resampling import Resampling

NONE = Resampling(0, 0)


def curve_of(
    confidence: np.ndarray, wrong: np.ndarray, resampling: Resampling = NONE
) -> RiskCoverage:
    """The curve of labels 0 with these confidences."""
    predicted = Predicted(
        np.column_stack([confidence, 1 - confidence]), np.zeros(len(wrong), np.int64)
    )
    curve = risk_coverage(predicted, make_labels(wrong.astype(np.int64), "ab"), resampling)
    assert curve is not None
    return curve


def test_curve_by_hand() -> None:
    curve = curve_of(np.array([0.6, 0.9, 0.8, 0.7]), np.array([1, 0, 0, 1]))
    assert curve.coverage == (0.25, 0.5, 0.75, 1.0)
    assert curve.error == (0, 0, pytest.approx(1 / 3), 0.5)
    assert curve.aurc["value"] == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)
    assert curve.error_at(0.5) == 0
    assert curve.error_at(0.6) == pytest.approx(1 / 3)


def test_area_is_the_mean_error_over_all_coverages() -> None:
    rng = np.random.default_rng(0)
    confidence, wrong = 0.5 + rng.random(500) / 2, rng.random(500) < 0.2
    curve = curve_of(confidence, wrong)
    ordered = wrong[np.argsort(-confidence)]
    errors = [ordered[: n + 1].mean() for n in range(500)]
    assert curve.aurc["value"] == pytest.approx(np.mean(errors))
    assert len(curve.coverage) == 50
    assert curve.coverage[-1] == 1
    assert curve.error == pytest.approx([errors[round(500 * each) - 1] for each in curve.coverage])


def test_equal_confidences_are_kept_or_set_aside_together() -> None:
    """Whatever the order of the images, so that the curve does not depend on it."""
    wrong = np.array([0, 1, 0, 0, 1, 1])
    confidence = np.array([0.9, 0.9, 0.9, 0.6, 0.6, 0.6])
    for order in (np.arange(6), np.arange(6)[::-1]):
        curve = curve_of(confidence[order], wrong[order])
        assert curve.coverage == (0.5, 1.0)
        assert curve.error == (pytest.approx(1 / 3), 0.5)
        assert curve.aurc["value"] == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert curve_of(np.full(6, 0.8), wrong).aurc["value"] == pytest.approx(0.5)


def test_interval_of_the_area_holds_the_spread_between_samples() -> None:
    rng = np.random.default_rng(1)

    def sample(resampling: Resampling) -> RiskCoverage:
        confidence = 0.5 + rng.random(300) / 2
        return curve_of(confidence, rng.random(300) > confidence, resampling)

    areas = [sample(NONE).aurc["value"] or 0 for _ in range(200)]
    low, high = np.mean([sample(Resampling(200, 0)).aurc["ci95"] for _ in range(20)], axis=0)
    assert (high - low) / 4 == pytest.approx(np.std(areas), rel=0.25)
    assert low < np.mean(areas) < high


def test_no_images_have_no_curve() -> None:
    empty = Predicted(np.empty((0, 2)), np.empty(0, np.int64))
    assert risk_coverage(empty, make_labels(np.empty(0, np.int64), "ab"), NONE) is None
