"""`python run.py -m hydra/sweeper=optuna`: a study, its trials, and what they leave behind."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock
from optuna.study import Study

from astroclf.errors import UserError
from astroclf.files import shortest
from astroclf.provenance import command_line
from astroclf.settings import Settings
from astroclf.sweep.content import SweepContent
from astroclf.sweep.processes import take_seat
from astroclf.sweep.progress import shown_params
from astroclf.sweep.pruners import make_pruner
from astroclf.sweep.samplers import make_sampler
from astroclf.sweep.search import Search
from astroclf.sweep.space import Space
from astroclf.sweep.storage import open_storage
from astroclf.sweep.study import (
    Identity,
    count_finished,
    count_running,
    numbers_by_state,
    open_study,
)
from astroclf.sweep.trial import TrialResult
from astroclf.tasks.search.compositions import Compositions
from astroclf.tasks.search.objectives import read_directions, read_objectives
from astroclf.tasks.search.replicates import LaunchJobs, replicate_best
from astroclf.tasks.search.results import write_results
from astroclf.tasks.search.tracked import end_tracking
from astroclf.tracking import Tracker, flatten, open_tracker

log = logging.getLogger(__name__)

# What trials that are compared may differ in.
NOT_COMPARED = ("search", "tracking", "resume", "trainer.device", "trainer.resident_share")


@dataclass(frozen=True)
class Plan:
    """What a search does, read and checked before anything is started.

    settings: of one of its trials. prune: whether the study is told of every epoch.
    """

    settings: Settings
    space: Space
    objectives: tuple[str, ...]
    identity: Identity
    study_name: str
    storage: str | None
    folder: Path
    sampler: Mapping[str, Any]
    n_trials: int
    n_jobs: int
    max_failure_rate: float


def search(
    compositions: Compositions,
    launch: LaunchJobs,
) -> float | None:
    """Go on with the study until its trials are done, and report it; returns the best value."""
    plan = read_plan(compositions)
    storage = open_storage(plan.storage, plan.folder)
    study = open_study(plan.study_name, storage, plan.identity, plan.folder)
    tracker = start_tracking(plan)

    def describe() -> SweepContent:
        return SweepContent(
            study_name=plan.study_name,
            command=command_line(),
            objectives=plan.objectives,
            directions=plan.identity.directions,
            trials=study.get_trials(deepcopy=False),
            facts={
                "sampler": plan.identity.sampler,
                "pruner": str(compositions.sweeper["pruner"]["name"]),
                "trials": f"{plan.n_trials} to finish",
                "seed": str(plan.sampler["seed"]),
            },
        )

    def run_jobs(jobs: Sequence[tuple[int, list[str]]]) -> Sequence[TrialResult]:
        overrides = [[*own, *compositions.trial_overrides(number)] for number, own in jobs]
        return [as_result(value) for value in launch(overrides, jobs[0][0])]

    say_start(plan, study)
    # What is imported stays: the garbage collector need not look through it for each trial.
    gc.collect()
    gc.freeze()
    with take_seat(plan.folder) as seat:
        work = Search(
            study=study,
            space=plan.space,
            objectives=plan.objectives,
            sampler=plan.sampler,
            n_trials=plan.n_trials,
            n_jobs=plan.n_jobs,
            max_failure_rate=plan.max_failure_rate,
            folder=plan.folder,
            seat=seat,
            launch=run_jobs,
            describe=describe,
        )
        try:
            work.run()
        finally:
            finish(plan, study, describe, tracker, compositions, launch)
    best = describe().best
    return None if best is None else best.values[0]


def as_result(value: Any) -> TrialResult:
    """What the job returned, or the exception that ended it before it could."""
    if isinstance(value, TrialResult):
        return value
    if isinstance(value, BaseException):
        text = " ".join(str(value).split())[:400]
        return TrialResult("failed", reason=f"{type(value).__name__}: {text}")
    return TrialResult("failed", reason=f"the job returned {value!r} and no figures")


def read_plan(compositions: Compositions) -> Plan:
    """Raises UserError, in one sentence, for whatever will not do."""
    sweeper, folder = compositions.sweeper, compositions.folder
    for key, low in (("n_trials", 1), ("n_jobs", 1)):
        if not isinstance(sweeper[key], int) or sweeper[key] < low:
            raise UserError(
                f"hydra.sweeper.{key}={sweeper[key]} should be a whole number, 1 or more."
            )
    rate = sweeper["max_failure_rate"]
    if not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
        raise UserError(f"hydra.sweeper.max_failure_rate={rate} should be a share from 0 to 1.")
    space = compositions.read_space()
    if space.is_empty:
        raise UserError(
            "There is nothing to search: every key is fixed. Give a key several values, such as "
            "optimizer.lr='tag(log, interval(1e-4, 1e-2))', or choose search=full, classifier or lora."
        )
    make_pruner(sweeper["pruner"])
    make_sampler(sweeper["sampler"], space, 0)
    settings = compositions.check(space)
    compositions.settle_pruner(settings, space)
    objectives = read_objectives(settings)
    directions = read_directions(objectives, sweeper["direction"])
    if settings.search.replicates and len(objectives) > 1:
        raise UserError(
            "search.replicates trains the best trial again, and with several objectives there is no single best: "
            "set it to 0, and run experiment=best of the trial you choose."
        )
    n_trials = sweeper["n_trials"]
    if sweeper["sampler"]["name"] == "grid":
        n_trials = min(n_trials, space.grid_size)
    return Plan(
        settings=settings,
        space=space,
        objectives=objectives,
        identity=Identity(
            objectives=objectives,
            directions=tuple(directions),
            sampler=str(sweeper["sampler"]["name"]),
            space=space.describe(),
            settings=compared_settings(settings, space),
        ),
        study_name=str(sweeper["study_name"]),
        storage=sweeper["storage"],
        folder=folder,
        sampler=sweeper["sampler"],
        n_trials=n_trials,
        n_jobs=sweeper["n_jobs"],
        max_failure_rate=float(rate),
    )


def compared_settings(settings: Settings, space: Space) -> dict[str, str]:
    """Dotted key -> value of everything that all trials share."""
    searched = set(space.dimensions)
    return {
        key: str(value)
        for key, value in flatten(settings.model_dump())
        if not any(key == each or key.startswith(f"{each}.") for each in (*NOT_COMPARED, *searched))
    }


def say_start(plan: Plan, study: Study) -> None:
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
    with FileLock(plan.folder / "tracking.lock"):
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
        log.info("other processes are still at it: the last one writes the report")
        return
    with FileLock(plan.folder / "results.lock"):
        content = describe()
        is_whole = count_finished(study) >= plan.n_trials
        if is_whole and plan.settings.search.replicates and content.best is not None:
            content = replicate_best(
                content, plan.space, plan.settings, plan.folder, compositions, launch
            )
        write_results(plan.folder, content, plan.space, compositions, tracker)
        say_end(plan, content, is_whole=is_whole)
        end_tracking(plan.settings.tracking, plan.folder, study, tracker, is_whole=is_whole)


def say_end(plan: Plan, content: SweepContent, *, is_whole: bool) -> None:
    """The summary that ends a search on the terminal."""
    states = ", ".join(f"{n} {state}" for state, n in numbers_by_state(content.trials).items())
    lines = ["", f"{plan.study_name}: {states}"]
    if content.best is not None:
        best = content.best
        values = ", ".join(
            f"{name} {value:.4g}"
            for name, value in zip(content.objectives, best.values, strict=True)
        )
        lines.append(f"best        trial {best.number}, {values}: {shown_params(best.params)}")
    if not is_whole:
        lines.append("go on       the same command")
    folder = shortest(plan.folder)
    lines.append(f"report      {folder / 'sweep.html'}")
    lines.append(f"table       {folder / 'trials.csv'}")
    if content.best is not None:
        lines.append(f"again       python run.py --config-dir {folder} experiment=best")
    log.info("\n".join(lines))
