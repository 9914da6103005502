from __future__ import annotations

import numpy as np
import pytest

from astroclf.evaluation.intervals import (
    estimate,
    f1_interval,
    interval_of_mean,
    measured,
    t_interval,
    wilson_interval,
)
from astroclf.evaluation.resampling import Replicates


def replicates(value=0.5, error=0.1, units=20, unit="image"):
    return Replicates(np.array(value), np.ones(5), np.array(error), units, unit, units - 1)


def test_wilson_interval_by_hand_and_at_the_ends():
    # 8 of 10: center (0.8 + z2 / 20) / (1 + z2 / 10), z2 = 3.8415
    assert wilson_interval(8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)
    assert wilson_interval(0, 7)[0] == 0.0
    assert wilson_interval(7, 7)[1] == 1.0
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert wilson_interval(40, 40) == pytest.approx((0.9124, 1.0), abs=1e-4)


def test_t_interval_on_each_scale_by_hand():
    half = 2.0930240544 * 0.1  # t of 19 degrees of freedom
    assert t_interval(0.3, 0.1, 19, "linear") == pytest.approx((0.3 - half, 0.3 + half))
    low, high = t_interval(0.3, 0.1, 19, "log")
    assert (low, high) == pytest.approx((0.3 * np.exp(-half / 0.3), 0.3 * np.exp(half / 0.3)))
    low, high = t_interval(0.9, 0.1, 19, "logit")
    assert np.log(low / (1 - low)) == pytest.approx(np.log(9) - half / 0.09)
    assert np.log(high / (1 - high)) == pytest.approx(np.log(9) + half / 0.09)
    low, high = t_interval(-0.4, 0.1, 19, "fisher")
    assert np.arctanh([low, high]) == pytest.approx(
        np.arctanh(-0.4) + np.array([-1, 1]) * half / (1 - 0.16)
    )


@pytest.mark.parametrize(
    ("value", "error", "dof", "scale"),
    [(1.0, 0.1, 9, "logit"), (0.5, 0.0, 9, "logit"), (0.5, np.nan, 9, "log"), (0.5, 0.1, 0, "log")],
)
def test_no_t_interval_without_error_or_at_an_end_of_the_range(value, error, dof, scale):
    assert t_interval(value, error, dof, scale) is None


def test_fewer_than_ten_units_have_a_note_instead_of_an_interval():
    assert estimate(replicates(units=10), "logit")["ci95"] is not None
    figure = estimate(replicates(units=9, unit="group"), "logit")
    assert figure == {
        "value": 0.5,
        "ci95": None,
        "note": "no interval: 9 groups, fewer than 10",
    }
    assert estimate(replicates(units=1, unit="group"), "logit")["note"].startswith(
        "no interval: 1 group,"
    )


def test_figures_without_spread_have_a_note_instead_of_an_interval():
    figure = estimate(replicates(value=1.0, error=0.0), "fisher")
    assert figure["ci95"] is None
    assert figure["note"] == "no interval: no spread between images"


def test_an_interval_always_holds_its_value():
    assert measured(0.5, (0.6, 0.7))["ci95"] == [0.5, 0.7]
    assert measured(float("nan"), (0.6, 0.7)) == {"value": None, "ci95": None}


def test_f1_interval_is_that_of_the_jaccard_index():
    low, high = f1_interval(30, 40)
    jaccard = np.array(wilson_interval(30, 40))
    assert (low, high) == pytest.approx(tuple(2 * jaccard / (1 + jaccard)))
    assert low < 2 * 30 / 70 < high


def test_interval_of_a_mean_combines_those_of_its_parts():
    intervals = np.array([[0.4, 0.6], [0.5, 0.9]])
    values = np.array([0.5, 0.8])
    low, high = interval_of_mean(values, intervals, np.eye(2))
    assert low == pytest.approx(0.65 - np.hypot(0.1, 0.3) / 2)
    assert high == pytest.approx(0.65 + np.hypot(0.1, 0.1) / 2)
    low, high = interval_of_mean(values, intervals, np.ones((2, 2)))
    assert (low, high) == pytest.approx((0.45, 0.75)), "the mean of the ends"
