from __future__ import annotations

import optuna
import pytest

from astroclf.sweep.nodes import PRUNERS
from astroclf.sweep.trial import SO_FAR, RunningTrial

MEDIAN = {**PRUNERS["median"], "n_startup_trials": 2, "n_warmup_steps": 0}


def running(study: optuna.Study, node: dict[str, object] = MEDIAN) -> RunningTrial:
    number = study.ask().number
    return RunningTrial(study.study_name, study._storage, node, number)


def test_a_poor_trial_should_be_pruned_and_a_good_one_not() -> None:
    study = optuna.create_study(direction="maximize")
    for number, value in enumerate((0.6, 0.8)):
        assert not running(study).should_prune(1, value)
        study.tell(number, value)
    assert running(study).should_prune(1, 0.5)
    assert not running(study).should_prune(1, 0.9)
    assert study.trials[2].intermediate_values == {1: 0.5}


def test_the_value_so_far_is_stored_where_it_is_not_the_reported_one() -> None:
    study = optuna.create_study()
    trial = running(study)
    trial.should_prune(1, 0.5, so_far=0.5)
    assert SO_FAR not in study.trials[0].user_attrs
    trial.should_prune(2, 0.7, so_far=0.6)
    assert study.trials[0].user_attrs[SO_FAR] == 0.6


def test_a_trial_of_several_objectives_reports_nothing() -> None:
    study = optuna.create_study(directions=["maximize", "minimize"])
    assert not running(study).should_prune(1, 0.0)


@pytest.mark.parametrize("name", ["median", "wilcoxon", "none"])
def test_steps_are_paired_by_wilcoxon_alone(name: str) -> None:
    assert running(optuna.create_study(), PRUNERS[name]).pairs_steps == (name == "wilcoxon")
