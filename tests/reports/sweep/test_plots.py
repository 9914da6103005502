from __future__ import annotations

from dataclasses import replace

import pytest

from astroclf.reports.canvas import VARIABLES, draw
from astroclf.reports.sweep.plots import BLUE, history, importance_bars, reports, visible_range
from astroclf.sweep.content import SweepContent


def test_only_outliers_on_the_bad_side_are_cut():
    values = [0.9, 0.91, 0.92, 0.93, -50.0]
    low, high = visible_range(values, "maximize")
    assert 0.8 < low < 0.9
    assert 0.93 < high < 0.94
    low, high = visible_range(values, "minimize")
    assert low < -50
    assert high > 0.93
    assert visible_range([2.0, 2.0], "minimize") == pytest.approx((1.9, 2.1))
    # A log of rounding: bad ones beyond what is usual among other values.
    assert visible_range([0.9, 0.1], "maximize", [0.9, 0.88, 0.86])[0] == pytest.approx(0.8152)


def test_the_history_has_a_panel_for_each_objective(
    content: SweepContent, two: SweepContent
) -> None:
    one, both = draw(history(content)), draw(history(two))
    assert 'aria-label="Value of each trial"' in one
    assert one.count(">trial</text>") == 1
    assert both.count(">trial</text>") == 2


def test_reported_values_need_two_epochs_of_one_trial(content: SweepContent) -> None:
    chart = reports(content)
    assert chart is not None
    assert 'aria-label="Reported values by epoch"' in draw(chart)
    failed = [trial for trial in content.trials if not trial.intermediate_values]
    assert reports(replace(content, trials=failed)) is None


def test_at_most_twenty_importances_are_drawn() -> None:
    shares = {f"key_{index}": 1 / 30 for index in range(30)}
    chart = draw(importance_bars(shares, "accuracy"))
    assert 'aria-label="Importance for accuracy"' in chart
    assert "key_19" in chart
    assert "key_20" not in chart
    assert f"var({VARIABLES[BLUE.lower()]})" in chart
