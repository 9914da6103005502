"""Search of a study: `python run.py -m hydra/sweeper=optuna`."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from optuna.study import Study

from astroclf.errors import State, one_line
from astroclf.locks import locked
from astroclf.provenance import command_line
from astroclf.sweep.content import SweepContent
from astroclf.sweep.engine import Engine
from astroclf.sweep.processes import register_worker
from astroclf.sweep.samplers import search_seed
from astroclf.sweep.storage import explained, open_storage
from astroclf.sweep.study import count_finished, count_running, open_study
from astroclf.sweep.trial import TrialResult
from astroclf.tasks.cache import Cache
from astroclf.tasks.search.compositions import Compositions
from astroclf.tasks.search.console import log_end, log_start
from astroclf.tasks.search.kept_models import update_kept_models
from astroclf.tasks.search.live_page import LivePage
from astroclf.tasks.search.plan import Plan, read_plan, with_data
from astroclf.tasks.search.replicates import LaunchJobs, replicate_best
from astroclf.tasks.search.results import PAGE, best_command, write_results
from astroclf.tasks.search.space import is_single
from astroclf.tasks.search.tracking import end_tracking, start_tracking
from astroclf.tracking import Tracker

log = logging.getLogger(__name__)


def run_search(compositions: Compositions, launch: LaunchJobs, cache: Cache) -> float | None:
    """Resume the study until its trials are done, and report it; return the best value.

    cache: shared by the trials of this process.

    Raises UserError for what cannot be searched, read or written, and Interrupted.
    """
    plan = read_plan(compositions)
    with explained(plan.storage, plan.folder), imports_frozen():
        storage = open_storage(plan.storage, plan.folder)
        plan = with_data(plan, cache)
        study = open_study(plan.study_name, storage, plan.identity, plan.folder)
        return StudyRun(plan, study, compositions, launch, start_tracking(plan)).run()


@contextmanager
def imports_frozen() -> Iterator[None]:
    """Exclude imported modules from garbage collection, which would scan them in each trial."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@dataclass(frozen=True)
class StudyRun:
    """One process's run of a study: its trials, its report and its run in MLflow."""

    plan: Plan
    study: Study
    compositions: Compositions
    launch: LaunchJobs
    tracker: Tracker

    def run(self) -> float | None:
        """Run the trials that are left, and report the study; return the best value."""
        plan = self.plan
        log_start(plan, self.study)
        try:
            with register_worker(plan.folder) as worker:
                Engine(
                    study=self.study,
                    space=plan.space,
                    objectives=plan.objectives,
                    sampler=plan.sampler,
                    budget=plan.budget,
                    folder=plan.folder,
                    worker=worker,
                    launch=self.run_jobs,
                    describe=self.content,
                    on_trial=LivePage(plan.folder / PAGE).update,
                ).run()
        finally:  # unregistered: a trial that this process left behind is not running
            self.finish()
        best = self.content().best
        return None if best is None else best.values[0]

    def content(self) -> SweepContent:
        """Return the trials so far, of all processes."""
        plan = self.plan
        return SweepContent(
            study_name=plan.study_name,
            command=command_line(),
            best_command=best_command(plan.folder),
            n_val_images=plan.n_val_images if is_single(plan.settings) else 0,
            objectives=plan.objectives,
            directions=plan.identity.directions,
            trials=self.study.get_trials(deepcopy=False),
            facts={
                "sampler": plan.identity.sampler,
                "pruner": plan.pruner,
                "trials": f"{plan.budget.n_trials} to finish",
                "seed": str(search_seed(plan.sampler)),
            },
        )

    def update_kept(self, content: SweepContent) -> None:
        """Keep the models of the best trials alone."""
        update_kept_models(self.plan.folder, content, self.plan.settings.search.keep_models)

    def run_jobs(self, jobs: Sequence[tuple[int, list[str]]]) -> Sequence[TrialResult]:
        """Return the results of trials that the launcher runs in parallel."""
        self.update_kept(self.content())
        overrides = [
            [*own, *self.plan.job_overrides, *self.compositions.trial_overrides(number)]
            for number, own in jobs
        ]
        return [as_result(value) for value in self.launch(overrides, jobs[0][0])]

    def finish(self) -> None:
        """Write the results, unless another process still runs trials and will write them."""
        plan = self.plan
        if count_running(self.study) > 0:
            log.info("other processes are still running trials: the last one writes the report")
            return
        with locked(plan.folder / "results.lock", f"to write the results in {plan.folder}"):
            content = self.content()
            self.update_kept(content)
            is_whole = count_finished(self.study) >= plan.budget.n_trials
            if is_whole and plan.settings.search.replicates and content.best is not None:
                content = replicate_best(content, plan, self.compositions, self.launch)
            write_results(plan, content, self.compositions, self.tracker)
            log_end(plan, content, is_whole=is_whole)
            end_tracking(plan, self.study, self.tracker, is_whole=is_whole)


def as_result(value: Any) -> TrialResult:
    """Return the result of a job, or that of the exception that ended it."""
    if isinstance(value, TrialResult):
        return value
    if isinstance(value, BaseException):
        return TrialResult(State.FAILED, reason=f"{type(value).__name__}: {one_line(value, 400)}")
    return TrialResult(State.FAILED, reason=f"the job returned {value!r} and no figures")
