"""The end of a search in MLflow: its own run, and those of trials that could not close theirs."""

from __future__ import annotations

from pathlib import Path

from optuna.study import Study

from astroclf.errors import State
from astroclf.settings.sections import Section
from astroclf.tracking import Tracker, close_abandoned
from astroclf.tracking.sync import send_pending


def end_tracking(
    settings: Section, folder: Path, study: Study, tracker: Tracker, *, is_whole: bool
) -> None:
    """Close the run of the search, close trials whose process was killed, and send what is unsent.

    settings: of tracking. folder: of the search. is_whole: whether all trials that were asked for
    have finished. Trials that are under way, here or on another machine, are left as they are.
    """
    if is_whole:
        tracker.end()
    else:
        tracker.end(State.INTERRUPTED, "some of its trials have not finished")
    for trial in study.get_trials(deepcopy=False):
        if trial.state.is_finished():
            close_abandoned(settings, folder / str(trial.number), "its process was killed")
    send_pending(settings, folder)
