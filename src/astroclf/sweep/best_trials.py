"""Rank of a value among the complete trials of a study."""

from __future__ import annotations

import math

import optuna
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import TrialState


def is_among_best(value: float, n_best: int, study_name: str, storage: BaseStorage) -> bool:
    """Return whether fewer than `n_best` complete trials have a better first value.

    A value that is not among the best now is not among them later, when more trials are complete.
    """
    if n_best == 0 or not math.isfinite(value):
        return False
    study = optuna.load_study(study_name=study_name, storage=storage)
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    sign = 1 if study.directions[0] == StudyDirection.MAXIMIZE else -1
    return sum(sign * (trial.values[0] - value) > 0 for trial in complete) < n_best
