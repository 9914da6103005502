from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState

from astroclf.sweep.console import remaining_s, shown_params, trial_line
from astroclf.sweep.content import SweepContent

START = datetime.datetime(2026, 1, 1)


def ended(number: int, state: TrialState, **options: Any) -> FrozenTrial:
    """After three seconds and a half."""
    trial = optuna.trial.create_trial(
        state=state,
        params={"optimizer.lr": 0.00123456, "loss": "focal"},
        distributions={
            "optimizer.lr": FloatDistribution(1e-4, 1e-2, log=True),
            "loss": CategoricalDistribution(["ce", "focal"]),
        },
        **options,
    )
    trial.number, trial.datetime_start = number, START
    trial.datetime_complete = START + datetime.timedelta(seconds=3.5)
    return trial


TRIALS = [
    ended(0, TrialState.COMPLETE, value=0.91),
    ended(1, TrialState.FAIL, user_attrs={"reason": "out of memory (CUDA)"}),
    ended(2, TrialState.PRUNED, intermediate_values={1: 0.5, 2: 0.6}),
]
CONTENT = SweepContent("study", "", ("accuracy",), ("maximize",), TRIALS, {})
PARAMS = "lr=0.00123 loss=focal"


def test_a_line_has_the_state_of_a_trial() -> None:
    lines = [trial_line(CONTENT, trial, 5, 200.0) for trial in TRIALS]
    best, left = "best 0.91 (trial 0)", "3.5 s  2/5, about 3 min left"
    assert lines == [
        f"trial   0  complete  accuracy 0.91  {best}  {PARAMS}  {left}",
        f"trial   1  FAILED    out of memory (CUDA)  {PARAMS}  {left}",
        f"trial   2  pruned    accuracy 0.6  {best}  {PARAMS}  {left}",
    ]


def test_the_last_line_promises_nothing() -> None:
    assert trial_line(CONTENT, TRIALS[0], 2, 0.0).endswith("3.5 s  2/2")


def test_before_the_first_value_there_is_no_best() -> None:
    line = trial_line(replace(CONTENT, trials=TRIALS[1:]), TRIALS[2], 5, 9.0)
    assert "best" not in line


def test_all_of_several_objectives_are_shown_and_no_best_one() -> None:
    both = ended(0, TrialState.COMPLETE, values=[0.9, 1234.0])
    directions = ("maximize", "minimize")
    content = SweepContent("study", "", ("accuracy", "parameters"), directions, [both], {})
    line = trial_line(content, both, 1, 0.0)
    assert line == f"trial   0  complete  accuracy 0.9  parameters 1234  {PARAMS}  3.5 s  1/1"


@pytest.mark.parametrize(
    ("params", "shown"),
    [
        ({}, ""),
        ({"optimizer.lr": 0.001}, "lr=0.001"),
        ({"a.lr": 1, "b.lr": 2, "c.x": 3}, "a.lr=1 b.lr=2 x=3"),
        ({"x": None, "y": "[128]", "z": 1.23456e-5}, "x=null y=[128] z=1.23e-05"),
    ],
)
def test_parameters_have_short_unique_names(params: dict[str, Any], shown: str) -> None:
    assert shown_params(params) == shown


@settings(max_examples=30)
@given(
    st.lists(st.floats(0.1, 1e4), min_size=1, max_size=9), st.integers(0, 100), st.integers(1, 8)
)
def test_the_remaining_time_follows_the_mean_of_finished_trials(
    times_s: list[float], n: int, at_once: int
) -> None:
    left_s = remaining_s(times_s, n, at_once)
    assert n * min(times_s) / at_once * 0.999 <= left_s <= n * max(times_s) / at_once * 1.001


def test_the_remaining_time_is_zero_before_the_first_trial_ends() -> None:
    assert remaining_s([], 5, 1) == 0
