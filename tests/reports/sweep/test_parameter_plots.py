from __future__ import annotations

from itertools import pairwise

import pytest

from astroclf.reports.canvas import draw
from astroclf.reports.sweep import parameter_plots
from astroclf.reports.sweep.parameter_plots import UNUSED, parallel_coordinates, slices
from astroclf.sweep.content import SweepContent


def test_parallel_coordinates_have_an_axis_for_each_parameter(content: SweepContent) -> None:
    chart = draw(parallel_coordinates(content, content.varying))
    assert 'aria-label="Parallel coordinates"' in chart
    for parameter in content.varying:
        assert f">{parameter.name.rpartition('.')[2]}</text>" in chart
    assert ">not used</text>" in chart  # loss.gamma of trials with another loss


def test_slices_have_a_panel_for_each_parameter(content: SweepContent) -> None:
    chart = draw(slices(content, content.varying))
    for parameter in content.varying:
        assert f">{parameter.name}</text>" in chart
    assert ">accuracy</text>" in chart


def test_a_trial_without_the_parameter_is_below_the_axis(content: SweepContent) -> None:
    (gamma,) = [each for each in content.varying if each.name == "loss.gamma"]
    for trial in content.complete:
        place = parameter_plots._place(trial, gamma)
        assert (place == UNUSED) == ("loss.gamma" not in trial.params)
        assert place == UNUSED or 0 <= place <= 1


def test_consecutive_trials_of_one_choice_are_apart() -> None:
    jitter = [parameter_plots._jitter(number) for number in range(20)]
    assert all(-0.5 <= each <= 0.5 for each in jitter)
    ordered = sorted(jitter)
    assert min(b - a for a, b in pairwise(ordered)) > 0.02
    assert sum(jitter) / 20 == pytest.approx(0, abs=0.05)
