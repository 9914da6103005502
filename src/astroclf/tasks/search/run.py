"""`python run.py -m hydra/sweeper=optuna`: a study, its trials, and what they leave behind."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from optuna.storages import BaseStorage
from optuna.study import Study

from astroclf.errors import State, one_line
from astroclf.files import shortest
from astroclf.locks import locked
from astroclf.provenance import command_line
from astroclf.sweep.console import shown_params
from astroclf.sweep.content import SweepContent, count_states
from astroclf.sweep.engine import Engine
from astroclf.sweep.processes import register_worker
from astroclf.sweep.samplers import search_seed
from astroclf.sweep.storage import explained, open_storage
from astroclf.sweep.study import (
    count_finished,
    count_running,
    open_study,
)
from astroclf.sweep.targets import target_name
from astroclf.sweep.trial import TrialResult
from astroclf.tasks.cache import Cache
from astroclf.tasks.search.compositions import Compositions, is_single
from astroclf.tasks.search.plan import Plan, read_plan, with_data
from astroclf.tasks.search.replicates import LaunchJobs, replicate_best
from astroclf.tasks.search.results import best_command, write_results
from astroclf.tasks.search.tracking import end_tracking
from astroclf.tracking import Tracker, open_tracker

log = logging.getLogger(__name__)


def run_search(compositions: Compositions, launch: LaunchJobs, cache: Cache) -> float | None:
    """Resume the study until its trials are done, and report it; returns the best value.

    memory: what the trials of this process share.

    Raises UserError for what cannot be searched, read or written, and Interrupted.
    """
    plan = read_plan(compositions)
    with explained(plan.storage, plan.folder), without_garbage_collection_of_imports():
        storage = open_storage(plan.storage, plan.folder)
        return run_study(with_data(plan, cache), storage, compositions, launch)


@contextmanager
def without_garbage_collection_of_imports() -> Iterator[None]:
    """Spare the garbage collector what is imported: it would look through it in each trial."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def run_study(
    plan: Plan, storage: BaseStorage, compositions: Compositions, launch: LaunchJobs
) -> float | None:
    """Run the trials that are left, and report the study; returns the best value."""
    study = open_study(plan.study_name, storage, plan.identity, plan.folder)
    tracker = start_tracking(plan)

    def describe() -> SweepContent:
        return SweepContent(
            study_name=plan.study_name,
            command=command_line(),
            best_command=best_command(plan.folder),
            n_val_images=plan.n_val_images if is_single(plan.settings) else 0,
            objectives=plan.objectives,
            directions=plan.identity.directions,
            trials=study.get_trials(deepcopy=False),
            facts={
                "sampler": plan.identity.sampler,
                "pruner": target_name("pruner", compositions.sweeper["pruner"]),
                "trials": f"{plan.n_trials} to finish",
                "seed": str(search_seed(plan.sampler)),
            },
        )

    def run_jobs(jobs: Sequence[tuple[int, list[str]]]) -> Sequence[TrialResult]:
        overrides = [[*own, *compositions.trial_overrides(number)] for number, own in jobs]
        return [as_result(value) for value in launch(overrides, jobs[0][0])]

    log_start(plan, study)
    try:
        with register_worker(plan.folder) as worker:
            Engine(
                study=study,
                space=plan.space,
                objectives=plan.objectives,
                sampler=plan.sampler,
                n_trials=plan.n_trials,
                n_jobs=plan.n_jobs,
                max_failure_rate=plan.max_failure_rate,
                folder=plan.folder,
                worker=worker,
                launch=run_jobs,
                describe=describe,
            ).run()
    finally:  # unregistered: a trial that this process left behind is not at work
        finish(plan, study, describe, tracker, compositions, launch)
    best = describe().best
    return None if best is None else best.values[0]


def as_result(value: Any) -> TrialResult:
    """What the job returned, or the exception that ended it before it could."""
    if isinstance(value, TrialResult):
        return value
    if isinstance(value, BaseException):
        return TrialResult(State.FAILED, reason=f"{type(value).__name__}: {one_line(value, 400)}")
    return TrialResult(State.FAILED, reason=f"the job returned {value!r} and no figures")


def log_start(plan: Plan, study: Study) -> None:
    done = count_finished(study)
    if done >= plan.n_trials:
        log.info(
            "study %s has its %d trials already: give hydra.sweeper.n_trials=<more> to go on",
            plan.study_name,
            done,
        )
        return
    before = f", {done} of them done" if done else ""
    log.info(
        "study %s: %d trials%s over %s, for the best %s",
        plan.study_name,
        plan.n_trials,
        before,
        ", ".join(plan.space.dimensions),
        " and ".join(plan.objectives),
    )


def start_tracking(plan: Plan) -> Tracker:
    """The run in MLflow under which those of all trials stand; all processes share one."""
    tracker = open_tracker(plan.settings.tracking, plan.folder)
    with locked(plan.folder / "tracking.lock", f"to track the study {plan.study_name}"):
        parameters = {
            **plan.identity.settings,
            **{f"search.{key}": text for key, text in plan.identity.space.items()},
        }
        tracker.start(f"sweep {plan.study_name}", parameters, {"study": plan.study_name})
        tracker.wait()
    return tracker


def finish(
    plan: Plan,
    study: Study,
    describe: Callable[[], SweepContent],
    tracker: Tracker,
    compositions: Compositions,
    launch: LaunchJobs,
) -> None:
    """Write the results, unless another process is still at work, who then does it."""
    if count_running(study) > 0:
        log.info("other processes are still running trials: the last one writes the report")
        return
    with locked(plan.folder / "results.lock", f"to write the results in {plan.folder}"):
        content = describe()
        is_whole = count_finished(study) >= plan.n_trials
        if is_whole and plan.settings.search.replicates and content.best is not None:
            content = replicate_best(
                content, plan.space, plan.settings, plan.folder, compositions, launch
            )
        write_results(plan.folder, content, plan.space, compositions, tracker)
        log_end(plan, content, is_whole=is_whole)
        end_tracking(plan.settings.tracking, plan.folder, study, tracker, is_whole=is_whole)


def log_end(plan: Plan, content: SweepContent, *, is_whole: bool) -> None:
    """The summary that ends a search on the terminal."""
    states = ", ".join(f"{n} {state}" for state, n in count_states(content.trials).items())
    lines = ["", f"{plan.study_name}: {states}"]
    if content.best is not None:
        best = content.best
        values = ", ".join(
            f"{name} {value:.4g}"
            for name, value in zip(content.objectives, best.values, strict=True)
        )
        lines.append(f"best        trial {best.number}, {values}: {shown_params(best.params)}")
    if not is_whole:
        lines.append("resume      the same command")
    folder = shortest(plan.folder)
    lines.append(f"report      {folder / 'sweep.html'}")
    lines.append(f"table       {folder / 'trials.csv'}")
    if content.best is not None:
        lines.append(f"train best  {best_command(plan.folder)}")
    log.info("\n".join(lines))
