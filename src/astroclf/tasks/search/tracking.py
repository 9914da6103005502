"""Run of a search in MLflow, under which those of its trials are nested."""

from __future__ import annotations

from optuna.study import Study

from astroclf.errors import State
from astroclf.locks import locked
from astroclf.tasks.search.plan import Plan
from astroclf.tracking import Tracker, close_abandoned, open_tracker
from astroclf.tracking.sync import send_pending


def start_tracking(plan: Plan) -> Tracker:
    """Start the run of the search; all processes share one."""
    tracker = open_tracker(plan.settings.tracking, plan.folder)
    with locked(plan.folder / "tracking.lock", f"to track the study {plan.study_name}"):
        parameters = {
            **plan.identity.settings,
            **{f"search.{key}": text for key, text in plan.identity.space.items()},
        }
        tracker.start(
            f"sweep {plan.study_name}", parameters, {"task": "search", "study": plan.study_name}
        )
        tracker.wait()
    return tracker


def end_tracking(plan: Plan, study: Study, tracker: Tracker, *, is_whole: bool) -> None:
    """Close the run of the search, close trials whose process was killed, and send what is unsent.

    is_whole: whether all trials that were asked for have finished. Trials that are under way, here
    or on another machine, are left as they are.
    """
    if is_whole:
        tracker.end()
    else:
        tracker.end(State.INTERRUPTED, "some of its trials have not finished")
    for trial in study.get_trials(deepcopy=False):
        if trial.state.is_finished():
            close_abandoned(
                plan.settings.tracking, plan.folder / str(trial.number), "its process was killed"
            )
    send_pending(plan.settings.tracking, plan.folder)
