"""Console lines at the start and the end of a search."""

from __future__ import annotations

import logging

from optuna.study import Study

from astroclf.files import shortest
from astroclf.sweep.console import shown_params
from astroclf.sweep.content import SweepContent, count_states
from astroclf.sweep.study import count_finished
from astroclf.tasks.search.plan import Plan
from astroclf.tasks.search.results import PAGE, best_command

log = logging.getLogger(__name__)


def log_start(plan: Plan, study: Study) -> None:
    """Log the trials to run, the searched keys and the objectives."""
    done = count_finished(study)
    if done >= plan.budget.n_trials:
        log.info(
            "study %s has its %d trials already: give hydra.sweeper.n_trials=<more> to continue",
            plan.study_name,
            done,
        )
        return
    before = f", {done} of them done" if done else ""
    log.info(
        "study %s: %d trials%s over %s, for the best %s",
        plan.study_name,
        plan.budget.n_trials,
        before,
        ", ".join(plan.space.dimensions),
        " and ".join(plan.objectives),
    )


def log_end(plan: Plan, content: SweepContent, *, is_whole: bool) -> None:
    """Log the number of trials by state, the best one, and the paths of the results."""
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
    lines.append(f"report      {folder / PAGE}")
    lines.append(f"table       {folder / 'trials.csv'}")
    if content.best is not None:
        lines.append(f"train best  {best_command(plan.folder)}")
    log.info("\n".join(lines))
