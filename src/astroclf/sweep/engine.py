"""Ask-and-tell loop of one process: ask the study for trials, launch them, tell it their results."""

from __future__ import annotations

import logging
import math
import signal
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import optuna
from optuna.study import Study
from optuna.trial import Trial, TrialState, create_trial

from astroclf.errors import Interrupted, State, UserError
from astroclf.sweep.console import remaining_s, trial_line
from astroclf.sweep.content import SweepContent, time_s
from astroclf.sweep.internals import heartbeat, set_attribute
from astroclf.sweep.samplers import make_sampler, search_seed, trial_seed
from astroclf.sweep.space.space import Space
from astroclf.sweep.study import (
    EPOCHS,
    FOLDER,
    PROCESS,
    REASON,
    count_finished,
    count_running,
    give_up,
    recover,
    study_lock,
)
from astroclf.sweep.targets import Node
from astroclf.sweep.trial import TrialResult

log = logging.getLogger(__name__)

# Runs jobs in parallel: (number of the trial, its overrides) each -> their results.
Launch = Callable[[Sequence[tuple[int, list[str]]]], Sequence[TrialResult]]


class TooManyFailuresError(UserError):
    """More trials failed than `hydra.sweeper.max_failure_rate` allows."""


@dataclass(frozen=True)
class Budget:
    """Trials that should finish in all, trials at once, and the share of the former that may fail."""

    n_trials: int
    n_jobs: int = 1
    max_failure_rate: float = 1.0


@dataclass
class Engine:
    """Ask-and-tell loop of one process on a study.

    objectives: names of the measured values to optimize. sampler: its node. worker: id of this process.
    launch: runs jobs. describe: returns the trials so far. on_trial: called with them after each trial.
    """

    study: Study
    space: Space
    objectives: tuple[str, ...]
    sampler: Node
    budget: Budget
    folder: Path
    worker: str
    launch: Launch
    describe: Callable[[], SweepContent]
    on_trial: Callable[[SweepContent], None] = lambda content: None
    failures: list[str] = field(default_factory=list)
    is_exhausted: bool = False  # all points of a grid have been tried

    def run(self) -> None:
        """Run trials until the budget is spent, by this process or others.

        Raises Interrupted after a signal, and TooManyFailuresError. The parameters of unfinished
        trials are queued again.
        """
        try:
            while not self.is_exhausted and (trials := self.begin()):
                results = self.run_jobs(trials)
                for trial, result in zip(trials, results, strict=True):
                    self.tell(trial, result)
                self.raise_if_interrupted(results)
                self.raise_if_failing()
        except Interrupted as interrupted:
            self.release(str(interrupted))
            raise
        except KeyboardInterrupt:
            self.release("SIGINT")
            raise Interrupted(signal.SIGINT) from None

    def release(self, signal_name: str) -> None:
        """Give up the running trials of this process."""
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if trial.user_attrs.get(PROCESS) == self.worker:
                give_up(self.study, trial, f"stopped by {signal_name}")

    def begin(self) -> list[Trial]:
        """Return the next trials of this process, none if enough have finished or run in any process.

        Parameters of killed processes come first.
        """
        for number in recover(self.study, self.folder):
            log.info(
                "trial %d was running when its process was killed: its parameters are tried again",
                number,
            )
        with study_lock(self.folder):
            trials = [self.ask() for _ in range(min(self.budget.n_jobs, self.count_wanted()))]
        for trial in trials:
            self.suggest(trial)
        return trials

    def run_jobs(self, trials: Sequence[Trial]) -> Sequence[TrialResult]:
        """Return the results of trials run in parallel; an error of the launcher is that of all of them."""
        jobs = [(trial.number, self.space.overrides(trial.params)) for trial in trials]
        try:
            with heartbeat(self.study, trials):
                return self.launch(jobs)
        except Exception as error:  # such as a worker that was killed for its memory
            text = f"{type(error).__name__}: {' '.join(str(error).split())}"[:400]
            result = TrialResult(State.FAILED, reason=f"its launcher broke down ({text})")
        return [result] * len(trials)

    def count_wanted(self) -> int:
        """Return the number of trials that are still to be started, by any process."""
        return self.budget.n_trials - count_finished(self.study) - count_running(self.study)

    def ask(self) -> Trial:
        """Return a new trial without its parameters, with the id of this worker.

        It has the id before it starts: a trial that a full disk or a kill leaves running is found by
        the lock of its worker, which no process holds.
        """
        self.sign_next()
        self.study.sampler = make_sampler(self.sampler, self.space, search_seed(self.sampler))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Heartbeat of storage")  # Optuna does not see ours
            trial = self.study.ask()
        if trial.user_attrs.get(PROCESS) != self.worker:  # another machine took the signed one
            trial.set_user_attr(PROCESS, self.worker)
        trial.set_user_attr(FOLDER, str(trial.number))
        return trial

    def sign_next(self) -> None:
        """Sign the queued trial that `study.ask` takes next, queued here if there is none."""
        queued = self.study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        if queued:
            set_attribute(self.study, queued[0], PROCESS, self.worker)
            return
        signed = create_trial(state=TrialState.WAITING, user_attrs={PROCESS: self.worker})
        self.study.add_trial(signed)

    def suggest(self, trial: Trial) -> None:
        """Draw the parameters of a trial, with a seed of its own.

        A resumed search thus draws the same as an uninterrupted one, and processes never draw the
        same as each other.
        """
        seed = trial_seed(search_seed(self.sampler), trial.number)
        self.study.sampler = make_sampler(self.sampler, self.space, seed)
        self.space.suggest(trial)

    def tell(self, trial: Trial, result: TrialResult) -> None:
        """Store the result of a trial, and log it."""
        frozen = self.study.get_trials(deepcopy=False)[trial.number]
        if frozen.state.is_finished():  # another machine missed its heartbeat
            self.log_trial(trial.number)
            return
        if frozen.intermediate_values:
            trial.set_user_attr(EPOCHS, max(frozen.intermediate_values))
        values = [result.figures.get(name, math.nan) for name in self.objectives]
        reason = result.reason
        if result.state == State.COMPLETE and not all(map(math.isfinite, values)):
            reason = (
                f"{self.objectives[[*map(math.isfinite, values)].index(False)]} is not a number"
            )
        if result.state == State.INTERRUPTED:
            give_up(self.study, frozen, f"stopped by {result.reason}")
            return
        if reason:
            trial.set_user_attr(REASON, reason)
        if result.state == State.PRUNED:
            self.finish(trial, TrialState.PRUNED, None)
        elif reason:
            self.failures.append(reason)
            self.finish(trial, TrialState.FAIL, None)
        else:
            self.finish(trial, TrialState.COMPLETE, values)
        self.log_trial(trial.number)

    def finish(self, trial: Trial, state: TrialState, values: list[float] | None) -> None:
        try:
            self.study.tell(trial, values, state=state)
        except RuntimeError:
            # After the last point of a grid the sampler stops `study.optimize`, which does not run.
            if not isinstance(self.study.sampler, optuna.samplers.GridSampler):
                raise
            self.is_exhausted = True

    def log_trial(self, number: int) -> None:
        """Log the line of a trial that has ended."""
        content = self.describe()
        done = [time_s(trial) for trial in content.trials if trial.state.is_finished()]
        times_s = [taken for taken in done if taken is not None]
        n_left = self.budget.n_trials - count_finished(self.study)
        n_others = count_running(self.study)
        left_s = remaining_s(times_s, n_left, max(self.budget.n_jobs, n_others + 1))
        log.info(trial_line(content, content.trials[number], self.budget.n_trials, left_s))
        self.on_trial(content)

    def raise_if_interrupted(self, results: Sequence[TrialResult]) -> None:
        """Raise Interrupted if a signal ended one of the trials."""
        for result in results:
            if result.state == State.INTERRUPTED:
                raise Interrupted(result.signal_number or signal.SIGINT)

    def raise_if_failing(self) -> None:
        """Raise TooManyFailuresError if more trials of this call failed than allowed."""
        allowed = self.budget.max_failure_rate * self.budget.n_trials
        if len(self.failures) > allowed:
            count = (
                "1 trial has" if len(self.failures) == 1 else f"{len(self.failures)} trials have"
            )
            raise TooManyFailuresError(
                f"{count} failed, more than hydra.sweeper.max_failure_rate="
                f"{self.budget.max_failure_rate:g} of {self.budget.n_trials} allows, so the search stops. Reason of the last one: "
                f"{self.failures[-1]}"
            )
