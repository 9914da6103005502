from __future__ import annotations

import statistics
import warnings
from dataclasses import replace

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import TrialState

from astroclf.sweep.content import copy_of, study_of
from astroclf.sweep.importance import assess_importance, importances


def trials_of(*params_and_values, distribution=None):
    given = distribution or FloatDistribution(0, 10)
    return [
        optuna.trial.create_trial(value=value, params={"x": x}, distributions={"x": given})
        for x, value in params_and_values
    ]


def test_shares_equal_those_of_optuna(two):
    content, found = (
        replace(two, objectives=("accuracy",), directions=("maximize",)),
        importances(two),
    )
    assert next(iter(found)) == "optimizer.lr"
    assert sum(found.values()) == pytest.approx(1)
    assert "loss.gamma" in found
    share = 5 / len(content.complete)
    copies = [copy_of(trial, trial.values[:1]) for trial in content.complete]
    study = study_of(copies, content.directions)
    evaluator = PedAnovaImportanceEvaluator(target_quantile=share)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        expected = optuna.importance.get_param_importances(study, evaluator=evaluator)
    assert found == pytest.approx({name: expected[name] for name in found})


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
def test_a_remark_explains_missing_shares(content, trials, reason):
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


def searched(seed: int, *, is_pruned: bool) -> list[optuna.trial.FrozenTrial]:
    """Sixty random trials of two epochs: a learning rate above 0.5 hurts, dropout hardly; the worse half is
    pruned after the first epoch, or not."""
    rng = np.random.default_rng(seed)
    interval = FloatDistribution(0, 1)
    chosen = rng.random((60, 2))
    values = (
        -4 * np.clip(chosen[:, 0] - 0.5, 0, None) - 0.25 * chosen[:, 1] + rng.normal(0, 0.05, 60)
    )
    trials = []
    for (lr, dropout), value in zip(chosen, values, strict=True):
        ends = is_pruned and value < np.median(values)
        trials.append(
            optuna.trial.create_trial(
                state=TrialState.PRUNED if ends else TrialState.COMPLETE,
                value=None if ends else value,
                params={"lr": lr, "dropout": dropout},
                distributions={"lr": interval, "dropout": interval},
                intermediate_values={1: value - 0.1} if ends else {1: value - 0.1, 2: value},
            )
        )
    return trials


def test_pruned_trials_do_not_change_the_ranking(content):
    given = [replace(content, trials=searched(seed, is_pruned=True)) for seed in range(6)]
    whole = [replace(content, trials=searched(seed, is_pruned=False)) for seed in range(6)]
    survivors = [replace(each, trials=each.complete) for each in given]
    of_lr = [
        statistics.fmean(importances(each)["lr"] for each in group)
        for group in (given, whole, survivors)
    ]
    assert of_lr[0] == pytest.approx(of_lr[1], abs=0.02)
    assert of_lr[2] < of_lr[1] - 0.15
    assert (
        "30 complete and 30 pruned trials, which rank below them"
        in assess_importance(given[0]).remark
    )
