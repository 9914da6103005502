from __future__ import annotations

from dataclasses import replace

import numpy as np
import optuna
from optuna.trial import TrialState

from astroclf.sweep.content import study_of, time_s


def test_the_best_and_the_order_are_those_of_optuna(content):
    study = study_of(content.complete, content.directions)
    assert content.best.params == study.best_params
    values = [content.value(trial) for trial in content.ranked(content.complete)]
    assert values == sorted(values, reverse=True)
    lowest = replace(content, directions=("minimize",)).best
    assert lowest.value == min(values)


def test_the_front_has_the_trials_that_no_other_dominates(two):
    points = np.array([(-trial.values[0], trial.values[1]) for trial in two.complete])
    beaten = [any((points <= p).all(axis=1) & (points < p).any(axis=1)) for p in points]
    expected = {
        t.number for t, is_beaten in zip(two.complete, beaten, strict=True) if not is_beaten
    }
    assert {trial.number for trial in two.front} == expected
    assert two.front[0] is two.best


def test_a_trial_without_a_value_has_the_last_one_that_it_reported(content):
    pruned = content.of_state(TrialState.PRUNED)[0]
    # The last epoch reported NaN, so the one before counts.
    assert content.value(pruned) == pruned.intermediate_values[1]
    assert content.value(content.of_state(TrialState.FAIL)[0]) is None


def test_infinite_values_are_not_complete(content):
    endless = optuna.trial.create_trial(value=float("inf"))
    assert replace(content, trials=[endless]).complete == []
    assert replace(content, trials=[endless]).best is None
    assert replace(content, trials=[endless]).front == []


def test_time_is_that_of_the_trial_or_of_its_training(content):
    assert time_s(content.trials[0]) == 50
    running = content.of_state(TrialState.RUNNING)[0]
    assert time_s(running) is None


def test_a_study_in_memory_is_not_announced(content, capsys):
    before = optuna.logging.get_verbosity()
    try:
        optuna.logging.set_verbosity(optuna.logging.INFO)
        study_of(content.complete, content.directions)
        assert optuna.logging.get_verbosity() == optuna.logging.INFO
        assert "created" not in capsys.readouterr().err
    finally:
        optuna.logging.set_verbosity(before)
