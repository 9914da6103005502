from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from astroclf.errors import Pruned
from astroclf.sweep.nodes import PRUNERS
from astroclf.sweep.trial import SO_FAR, RunningTrial
from astroclf.tasks.search.pruning import Pruning


def begin(study: optuna.Study, pruner: str) -> tuple[optuna.Trial, Pruning]:
    """Return a new trial, and the pruning of its job."""
    trial = study.ask()
    node = PRUNERS[pruner]
    running = RunningTrial(study.study_name, study._storage, node, trial.number)
    return trial, Pruning(running)


def run_folds(study: optuna.Study, pruner: str, folds: Sequence[float]) -> optuna.trial.FrozenTrial:
    trial, pruning = begin(study, pruner)
    try:
        for number in range(1, len(folds) + 1):
            pruning.on_repetition(folds[:number])
        study.tell(trial, statistics.fmean(folds))
    except Pruned:
        study.tell(trial, state=TrialState.PRUNED)
    return study.trials[-1]


@pytest.mark.parametrize(
    ("pruner", "reported"),
    [("median", {1: 0.5, 2: 0.7, 3: 0.6}), ("wilcoxon", {1: 0.5, 2: 0.9, 3: 0.4})],
)
def test_a_pruner_gets_the_running_mean_and_wilcoxon_each_folds_own_value(
    pruner: str, reported: dict[int, float]
) -> None:
    study = optuna.create_study(direction="maximize")
    trial = run_folds(study, pruner, [0.5, 0.9, 0.4])
    assert trial.intermediate_values == pytest.approx(reported)
    assert trial.user_attrs.get(SO_FAR, 0.6) == pytest.approx(0.6)


def test_wilcoxon_rarely_prunes_a_setting_that_is_equally_good() -> None:
    rng = np.random.default_rng(0)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    n_pruned = 0
    for _ in range(60):
        study: Any = optuna.create_study(direction="maximize")
        difficulty = rng.normal(0, 1, 8)
        for _ in range(2):
            last = run_folds(study, "wilcoxon", list(difficulty + rng.normal(0, 1, 8)))
        n_pruned += last.state == TrialState.PRUNED
    assert n_pruned <= 18  # p < 0.1, tested up to seven times; running means gave twice as many
