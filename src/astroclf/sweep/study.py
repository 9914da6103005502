"""The study: what all trials of a search share, and which of them count."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from astroclf.errors import UserError
from astroclf.sweep.processes import is_alive, silent_trials
from astroclf.sweep.space import difference

log = logging.getLogger(__name__)

LOCK = "study.lock"
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
UNSIGNED = timedelta(minutes=1)  # a process signs its trials right after it has begun them
MOST_RETRIES = 2  # of parameters whose process was killed: perhaps they are what kills it

# Attributes of a trial and of a study.
PROCESS, FOLDER, REASON, RETRIED = "process", "folder", "reason", "retried"
EPOCHS = "epochs"
IDENTITY = "identity"


@dataclass(frozen=True)
class Identity:
    """What must be the same for trials to be compared.

    space: key -> its distribution in words. settings: dotted key -> what all trials share.
    """

    objectives: tuple[str, ...]
    directions: tuple[str, ...]
    sampler: str
    space: Mapping[str, str]
    settings: Mapping[str, str]

    def difference(self, stored: Mapping[str, Any]) -> str:
        """How the study that was stored differs, as part of a sentence; "" if it does not."""
        for name in ("objectives", "directions"):
            was, now = list(stored[name]), list(getattr(self, name))
            if was != now:
                return f"its {name} were {', '.join(was)} and are {', '.join(now)}"
        if stored["sampler"] != self.sampler:
            return f"its sampler was {stored['sampler']} and is {self.sampler}"
        changed = difference(stored["space"], self.space)
        if changed:
            return f"its space is another: {changed}"
        return difference(stored["settings"], self.settings)


def open_study(name: str, storage: BaseStorage, identity: Identity, folder: Path) -> Study:
    """The study of that name, made if there is none.

    Raises UserError if there is one that searches something else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder):  # of processes that start together, one makes it
        study = optuna.create_study(
            study_name=name,
            storage=storage,
            directions=[StudyDirection[direction.upper()] for direction in identity.directions],
            load_if_exists=True,
        )
        stored = study.user_attrs.get(IDENTITY)
        if stored is None:
            study.set_user_attr(IDENTITY, asdict(identity))
            return study
    changed = identity.difference(stored)
    if changed:
        raise UserError(
            f"study {name} in {folder} cannot go on, {changed}: start another one with "
            "hydra.sweeper.study_name=<name>, or go back to the command it was begun with."
        )
    return study


def count_finished(study: Study) -> int:
    return len(study.get_trials(deepcopy=False, states=FINISHED))


def count_running(study: Study) -> int:
    """Trials under way in processes that are alive, as far as can be seen from here."""
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return len(running) - len(_killed(study, running))


def recover(study: Study, folder: Path) -> list[int]:
    """Mark trials whose process was killed as failed, and have their parameters tried again.

    Returns their numbers.
    """
    with alone(folder):
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        killed = _killed(study, running)
        for trial in killed:
            with suppress(UpdateFinishedTrialError):  # another machine was faster
                give_up(study, trial, "its process was killed")
    return [trial.number for trial in killed]


def alone(folder: Path) -> FileLock:
    """Held while trials are counted and begun, so that processes do not begin too many."""
    return FileLock(folder / LOCK)


def _killed(study: Study, running: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    if not running:
        return []
    silent = silent_trials(study._storage, study._study_id)

    def is_lost(trial: FrozenTrial) -> bool:
        seat = trial.user_attrs.get(PROCESS)
        if seat is None:
            assert trial.datetime_start is not None
            return datetime.now() - trial.datetime_start > UNSIGNED
        is_here = is_alive(seat)
        return trial._trial_id in silent if is_here is None else not is_here

    return [trial for trial in running if is_lost(trial)]


def give_up(study: Study, trial: FrozenTrial, reason: str) -> None:
    """Mark a trial that could not end as failed, and queue its parameters."""
    study._storage.set_trial_user_attr(trial._trial_id, REASON, reason)
    study.tell(trial.number, state=TrialState.FAIL)
    retried = int(trial.user_attrs.get(RETRIED, 0))
    if trial.params and retried < MOST_RETRIES:
        study.enqueue_trial(trial.params, user_attrs={RETRIED: retried + 1})


def numbers_by_state(trials: Sequence[FrozenTrial]) -> dict[str, int]:
    """State in lower case -> how many trials have it, without states that none has."""
    counts = {state: sum(trial.state == state for trial in trials) for state in TrialState}
    return {state.name.lower(): count for state, count in counts.items() if count}
