"""Trials of a study, with the best, the Pareto front and the parameters derived from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypedDict

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from astroclf.errors import State
from astroclf.sweep.space.parameters import Parameter, parameters_of

SO_FAR = "so_far"  # attribute of a trial: mean of its reported values, where each step is a fold
INTERRUPTED = (
    "interrupted"  # attribute of a trial that failed by a signal or a kill, not by an error
)

STATES = {
    TrialState.COMPLETE: State.COMPLETE,
    TrialState.PRUNED: State.PRUNED,
    TrialState.RUNNING: State.RUNNING,
    TrialState.WAITING: State.WAITING,
    TrialState.FAIL: State.FAILED,
}


class Replicated(TypedDict):
    """A metric of the best trial, trained again with several seeds; std is None for one seed."""

    mean: float | None
    std: float | None
    values: Sequence[float | None]


@dataclass(frozen=True)
class SweepContent:
    """One study, finished or not.

    command: the shell command that ran it. best_command: the one that trains its best trial.
    objectives: names of the optimized values, such as ("accuracy", "parameters").
    directions: "maximize" or "minimize", one an objective.
    trials: in the order of their numbers. Their `user_attrs` may hold `folder`, `reason` (why it
        failed or was pruned), `epochs` and `train_s`.
    facts: name -> value of properties of the search, in order.
    n_val_images: of val, 0 where it differs between trials or is not known.
    replicates: metric -> its values, one a seed, on the split `replicated_on`: test, or val where
        the data have no test.
    seeds: those of the replicates, in the order of their values.
    """

    study_name: str
    command: str
    objectives: tuple[str, ...]
    directions: tuple[str, ...]
    trials: Sequence[FrozenTrial]
    facts: Mapping[str, str]
    best_command: str = ""
    n_val_images: int = 0
    replicates: Mapping[str, Replicated] | None = None
    seeds: Sequence[int] = ()
    replicated_on: str = "test"

    @cached_property
    def complete(self) -> list[FrozenTrial]:
        """Complete trials with a finite value of every objective."""
        return [
            trial
            for trial in self.of_state(TrialState.COMPLETE)
            if trial.values and all(map(math.isfinite, trial.values))
        ]

    @cached_property
    def best(self) -> FrozenTrial | None:
        """The complete trial with the best value of the first objective; the earlier of two."""
        ranked = self.ranked(self.complete)
        return ranked[0] if ranked else None

    @cached_property
    def front(self) -> list[FrozenTrial]:
        """Pareto front: complete trials that no other one dominates, best of the first objective first."""
        copies = [copy_of(trial, trial.values) for trial in self.complete]
        study = study_of(copies, self.directions)
        return self.ranked([self.complete[found.number] for found in study.best_trials])

    @cached_property
    def parameters(self) -> list[Parameter]:
        """Searched parameters, in order of appearance."""
        return parameters_of(self.trials)

    @cached_property
    def varying(self) -> list[Parameter]:
        """Parameters with more than one value among the trials."""
        return [parameter for parameter in self.parameters if parameter.n_tried > 1]

    def of_state(self, state: TrialState) -> list[FrozenTrial]:
        """Return the trials of that state."""
        return [trial for trial in self.trials if trial.state == state]

    def value(self, trial: FrozenTrial, objective: int = 0) -> float | None:
        """Return the value of an objective; the last reported one if it has none and the objective is the only one."""
        values = () if trial.state == TrialState.PRUNED else trial.values or ()
        if objective < len(values) and math.isfinite(values[objective]):
            return values[objective]
        if SO_FAR in trial.user_attrs:
            return float(trial.user_attrs[SO_FAR])
        reported = reported_values(trial)
        return reported[max(reported)] if reported and len(self.objectives) == 1 else None

    def ranked(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """Return trials by the first objective, the best first, those without a value last."""
        sign = -1 if self.directions[0] == "maximize" else 1

        def rank(trial: FrozenTrial) -> tuple[float, int]:
            value = self.value(trial)
            return (math.inf if value is None else sign * value, trial.number)

        return sorted(trials, key=rank)


def state_of(trial: FrozenTrial) -> State:
    """Return the state of a trial; Optuna marks an interrupted one as failed."""
    return State.INTERRUPTED if trial.user_attrs.get(INTERRUPTED) else STATES[trial.state]


def count_states(trials: Sequence[FrozenTrial]) -> dict[State, int]:
    """Return state -> number of trials, without states that no trial has."""
    states = [state_of(trial) for trial in trials]
    return {state: states.count(state) for state in State if state in states}


def reported_values(trial: FrozenTrial) -> dict[int, float]:
    """Return epoch -> monitored value, of epochs where it is finite, in order."""
    return {
        epoch: float(value)
        for epoch, value in sorted(trial.intermediate_values.items())
        if value is not None and math.isfinite(value)
    }


def time_s(trial: FrozenTrial) -> float | None:
    """Return the time from start to end; that of the training if only that is known."""
    if trial.duration is not None:
        return trial.duration.total_seconds()
    return trial.user_attrs.get("train_s")


def copy_of(trial: FrozenTrial, values: Sequence[float]) -> FrozenTrial:
    """Return a complete trial with the parameters of this one and these values."""
    return optuna.trial.create_trial(
        values=list(values), params=trial.params, distributions=trial.distributions
    )


def study_of(trials: Sequence[FrozenTrial], directions: Sequence[str]) -> optuna.Study:
    """Return an in-memory study, whose trials are numbered from 0."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(
            directions=[StudyDirection[each.upper()] for each in directions]
        )
    finally:
        optuna.logging.set_verbosity(verbosity)
    study.add_trials(trials)
    return study
