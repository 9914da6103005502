from __future__ import annotations

import warnings
from dataclasses import replace

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.importance import PedAnovaImportanceEvaluator

from astroclf.sweep.content import study_of
from astroclf.sweep.importance import assess_importance, importances


def trials_of(*params_and_values, distribution=None):
    given = distribution or FloatDistribution(0, 10)
    return [
        optuna.trial.create_trial(value=value, params={"x": x}, distributions={"x": given})
        for x, value in params_and_values
    ]


def test_shares_are_those_of_optuna_and_name_what_decides(content):
    found = importances(content)
    assert next(iter(found)) == "optimizer.lr"
    assert sum(found.values()) == pytest.approx(1)
    assert "loss.gamma" in found
    share = 5 / len(content.complete)
    study = study_of(content.complete, content.directions)
    evaluator = PedAnovaImportanceEvaluator(target_quantile=share)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        expected = optuna.importance.get_param_importances(study, evaluator=evaluator)
    assert found == {name: expected[name] for name in found}


def test_each_objective_has_its_own(two):
    assert next(iter(assess_importance(two, 1).shares)) == "finetune.rank"
    remark = assess_importance(two).remark
    assert "PED-ANOVA" in remark
    assert f"{len(two.complete)} complete trials" in remark


@pytest.mark.parametrize(
    ("trials", "reason"),
    [
        ([], "at least 4 complete"),
        (trials_of((1, 0.1), (2, 0.2), (3, 0.3)), "at least 4 complete"),
        (trials_of((1, 0.5), (2, 0.5), (3, 0.5), (4, 0.5)), "same accuracy"),
        (trials_of((1, 0.1), (1, 0.2), (1, 0.3), (1, 0.4)), "one value in all"),
    ],
)
def test_where_there_is_nothing_to_say_it_says_why(content, trials, reason):
    given = replace(content, trials=trials)
    assert importances(given) == {}
    assert reason in assess_importance(given).remark


def test_a_space_that_changed_its_kind_gives_a_reason_not_a_crash(content):
    floats = trials_of((1.0, 0.1), (2.0, 0.2), (3.0, 0.3))
    choices = CategoricalDistribution(["a", "b"])
    mixed = [*floats, *trials_of(("a", 0.5), ("b", 0.6), distribution=choices)]
    found = assess_importance(replace(content, trials=mixed))
    assert found.shares == {} or sum(found.shares.values()) == pytest.approx(1)
    assert found.remark
