"""Trial of a study in the job that runs it: its reports and its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.storages import BaseStorage

from astroclf.errors import State
from astroclf.sweep.content import SO_FAR
from astroclf.sweep.internals import running_trial
from astroclf.sweep.pruners import is_paired, make_pruner


@dataclass(frozen=True)
class TrialResult:
    """End of a trial, as a job returns it to the process that started it.

    state: complete, pruned, failed or interrupted. figures: measured values by name.
    reason: why it did not complete. signal_number: of an interrupted trial.
    """

    state: State
    figures: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    signal_number: int | None = None


class RunningTrial:
    """Reports of a trial to its study, from the process of its job."""

    def __init__(
        self, study_name: str, storage: BaseStorage, pruner: Mapping[str, Any], number: int
    ) -> None:
        made = make_pruner(pruner)
        study = optuna.load_study(
            study_name=study_name,
            storage=storage,
            sampler=optuna.samplers.RandomSampler(),  # its parameters are drawn already
            pruner=made,
        )
        self._trial = running_trial(study, number)
        self._can_prune = len(study.directions) == 1
        self.pairs_steps = is_paired(made)

    def should_prune(self, step: int, value: float, so_far: float | None = None) -> bool:
        """Report the objective after a step (1, 2, ...); return whether the pruner would end the trial.

        so_far: value of the trial after the step, if that is not the reported value.

        A trial with several objectives is never pruned: Optuna has no pruner for them.
        """
        if not self._can_prune:
            return False
        self._trial.report(value, step)
        if so_far not in (None, value):
            self._trial.set_user_attr(SO_FAR, so_far)
        return self._trial.should_prune()
