from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import optuna
import pytest
from optuna import pruners

from astroclf.errors import UserError
from astroclf.sweep.nodes import PRUNERS
from astroclf.sweep.pruners import make_pruner


def made(name: str, **options: Any) -> pruners.BasePruner:
    return make_pruner({**PRUNERS[name], **options})


def pruned_at(pruner: pruners.BasePruner, losses: Sequence[float], good: int = 6) -> int | None:
    """The step at which a trial with these losses is pruned, after `good` trials that fell to 0."""
    # Hyperband draws a trial's bracket from the name of the study.
    study = optuna.create_study(pruner=pruner, study_name="fixed")
    for _ in range(good):
        trial = study.ask()
        for step in range(len(losses)):
            trial.report(1 - step / len(losses), step)
            trial.should_prune()  # some pruners note here how far a trial has come
        study.tell(trial, 0.0)
    trial = study.ask()
    for step, loss in enumerate(losses):
        trial.report(loss, step)
        if trial.should_prune():
            return step
    return None


@pytest.mark.parametrize("name", PRUNERS)
def test_every_pruner_is_made_without_warnings_and_keeps_a_good_trial(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pruner = made(name)
    assert pruned_at(pruner, [-1 - step for step in range(10)]) is None


@pytest.mark.parametrize(
    ("name", "options", "step"),
    [
        ("none", {}, None),
        ("median", {}, 2),
        ("median", {"n_warmup_steps": 5}, 5),
        ("median", {"n_startup_trials": 7}, None),
        ("percentile", {}, 2),
        ("patient", {}, 4),
        ("patient", {"patience": 6}, 7),
        ("successive_halving", {}, 1),
        ("hyperband", {"max_resource": 9}, 1),
        ("wilcoxon", {}, 3),
    ],
)
def test_a_poor_trial_is_pruned_at_the_step_of_the_options(
    name: str, options: dict[str, Any], step: int | None
) -> None:
    assert pruned_at(made(name, **options), [2.0 + step for step in range(10)]) == step


def test_a_patient_pruner_keeps_a_poor_trial_until_it_gets_worse() -> None:
    falling = [9 - 0.1 * step for step in range(10)]
    assert pruned_at(made("median"), falling) == 2
    assert pruned_at(made("patient"), falling) is None
    rising = falling[::-1]
    assert pruned_at(made("patient"), rising) == 4
    assert pruned_at(made("patient", min_delta=0.15), rising) == 5


@pytest.mark.parametrize(
    ("name", "changes", "sentence"),
    [
        (
            "median",
            {"n_warmup_step": 3},
            "hydra.sweeper.pruner.n_warmup_step is not an argument of median: did you mean n_warmup_steps?",
        ),
        (
            "none",
            {"seed": 3},
            "hydra.sweeper.pruner.seed is not an argument of none: it has none.",
        ),
        (
            "median",
            {"n_startup_trials": 2.5},
            "hydra.sweeper.pruner.n_startup_trials=2.5 does not fit: it should be a whole number from 0 to 4294967295.",
        ),
        (
            "percentile",
            {"percentile": 200},
            "hydra/sweeper/pruner=percentile cannot be made: Percentile must be between 0 and 100",
        ),
        (
            "successive_halving",
            {"min_resource": "all"},
            "hydra.sweeper.pruner.min_resource=all does not fit",
        ),
        (
            "hyperband",
            {"max_resource": "all"},
            "hydra/sweeper/pruner=hyperband cannot be made: ",
        ),
    ],
)
def test_a_pruner_that_cannot_be_made_is_refused(
    name: str, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UserError) as refused:
        make_pruner({**PRUNERS[name], **changes})
    assert sentence in str(refused.value)
    assert str(refused.value)[-1] in ".?"


def test_hyperband_has_the_brackets_of_its_epochs() -> None:
    study = optuna.create_study()
    counts = []
    for resource in (26, 27):  # at 27 epochs, a fourth bracket starts
        pruner: Any = made("hyperband", max_resource=resource)
        pruner.prune(study, study._storage.get_trial(study.ask()._trial_id))
        counts.append(pruner._n_brackets)
    assert counts == [3, 4]
