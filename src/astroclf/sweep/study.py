"""Optuna study of a search: its identity, finished and running trials, and recovery after kills."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from astroclf.errors import UserError
from astroclf.locks import locked
from astroclf.setting_names import RENAMED_KEYS
from astroclf.sweep.content import INTERRUPTED
from astroclf.sweep.internals import set_attribute, silent_trials
from astroclf.sweep.processes import is_alive
from astroclf.sweep.space.space import difference

log = logging.getLogger(__name__)

LOCK = "study.lock"
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
UNSIGNED = timedelta(minutes=1)  # a running trial without a worker id is lost after this time
MOST_RETRIES = 2  # of parameters whose process was killed: they may be the cause

# Attributes of a trial and of a study.
PROCESS, FOLDER, REASON, RETRIED = "process", "folder", "reason", "retried"
EPOCHS = "epochs"
IDENTITY = "identity"

SCHEMA_VERSION = 2  # of the stored identity
# Settings that studies of former versions lack, with the values that these imply.
ADDED_SETTINGS = {
    "debug.name": "none",
    "dataset.rgb": "False",
    "loss.head": "auto",
    "trainer.sampler": "shuffle",
    "trainer.sampler_strength": "1.0",
    "trainer.sampler_epoch": "same",
    "trainer.mixup": "0.0",
    "trainer.cutmix": "0.0",
    "trainer.mixup_prob": "1.0",
    "trainer.mixup_switch_prob": "0.5",
    "model.features_columns": "()",
    "dataset.vote_schema": "None",
    "dataset.vote_tolerance": "0.01",
    "dataset.soft_label_columns": "None",
    "dataset.annotator_columns": "None",
    "dataset.annotators": "fractions",
    "dataset.weight_column": "None",
    "dataset.features_columns": "()",
    "flux.name": "asinh",
    "flux.softening": "1.0",
    "flux.scale": "auto",
    "dataset.hdu": "None",
    "dataset.bands": "None",
    "dataset.missing_band": "refuse",
    "dataset.pattern": "None",
    "dataset.image_columns": "None",
    "dataset.sky": "none",
    "dataset.near_duplicates": "False",
    "dataset.on_leak": "warn",
    "dataset.crop": "center",
    "dataset.roi_threshold": "10.0",
    "dataset.roi_margin": "0.2",
    "dataset.roi_method": "threshold",
    **{f"dataset.{key}_column": "None" for key in ("x", "y", "size")},
    "dataset.xy_origin": "1",
    "dataset.size_factor": "1.0",
}

KILLED = "its process was killed"


@dataclass(frozen=True)
class Identity:
    """Properties of a study that every call must share, so that its trials can be compared.

    sampler: name or import path. space: key -> its distribution as text. settings: dotted key -> value
    in all trials. data: description of the images, `fingerprint` last; empty where trials differ in it.
    """

    objectives: tuple[str, ...]
    directions: tuple[str, ...]
    sampler: str
    space: Mapping[str, str]
    settings: Mapping[str, str]
    data: Mapping[str, str] = field(default_factory=dict)

    def difference(self, stored: Mapping[str, Any]) -> str:
        """Return the difference to the stored study as part of a sentence; "" if there is none."""
        for name in ("objectives", "directions"):
            was, now = list(stored[name]), list(getattr(self, name))
            if was != now:
                return f"its {name} were {', '.join(was)} and are {', '.join(now)}"
        if stored["sampler"] != self.sampler:
            return f"its sampler was {stored['sampler']} and is {self.sampler}"
        changed = difference(stored["space"], self.space)
        if changed:
            return f"its space is another: {changed}"
        added = {key: text for key, text in ADDED_SETTINGS.items() if key in self.settings}
        changed = difference({**added, **stored["settings"]}, self.settings)
        if changed or not stored.get("data"):
            return changed
        changed = difference(stored["data"], self.data)
        return f"its images, labels or splits have changed: {changed}" if changed else ""


def open_study(name: str, storage: BaseStorage, identity: Identity, folder: Path) -> Study:
    """Return the study of that name, created if there is none.

    Raises UserError if there is one with another identity.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with study_lock(folder):  # of processes that start together, one creates it
        study = optuna.create_study(
            study_name=name,
            storage=storage,
            directions=[StudyDirection[direction.upper()] for direction in identity.directions],
            load_if_exists=True,
        )
        stored = study.user_attrs.get(IDENTITY)
        if stored is None:
            require_no_trials(name, folder)
            study.set_user_attr(IDENTITY, {"schema_version": SCHEMA_VERSION, **asdict(identity)})
            return study
        rename_lost_folders(study, folder)
    changed = identity.difference(migrate_identity(stored))
    if changed:
        raise UserError(
            f"study {name} in {folder} cannot be resumed, {changed}. Start another one with "
            "hydra.sweeper.study_name=<name>, or use the command it was started with."
        )
    return study


def migrate_identity(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a stored identity with the present names of the settings, which version 1 lacked."""
    if "schema_version" in stored:
        return stored
    renamed = {_present_name(key): text for key, text in stored["settings"].items()}
    return {**stored, "settings": renamed}


def _present_name(key: str) -> str:
    group, _, _ = key.rpartition(".")
    return f"{group}.{RENAMED_KEYS[key]}" if key in RENAMED_KEYS else key


def trial_folders(folder: Path) -> list[int]:
    """Return the numbers of the trials that have a folder."""
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal())


def require_no_trials(name: str, folder: Path) -> None:
    """Raise UserError where a new study would overwrite the trials of another one."""
    found = trial_folders(folder)
    if found:
        raise UserError(
            f"{folder} holds the folders of {len(found)} trials, but the study {name} is empty: its journal was removed, emptied or "
            "cut. Restore it from a copy, remove the folders, or give another hydra.sweeper.study_name."
        )


def rename_lost_folders(study: Study, folder: Path) -> None:
    """Rename folders of trials missing from the study: new trials will have their numbers."""
    n_trials = len(study.get_trials(deepcopy=False))
    for number in trial_folders(folder):
        if number >= n_trials:
            aside = folder / f"lost-{number}-{uuid.uuid4().hex[:6]}"
            (folder / str(number)).rename(aside)
            log.warning("trial %d is not in the study: its folder is now %s", number, aside)


def count_finished(study: Study) -> int:
    """Return the number of complete and pruned trials."""
    return len(study.get_trials(deepcopy=False, states=FINISHED))


def count_running(study: Study) -> int:
    """Return the number of running trials whose process is not known to have been killed."""
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return len(running) - len(_killed(study, running))


def recover(study: Study, folder: Path) -> list[int]:
    """Mark trials whose process was killed as failed, queue their parameters again, and return their
    numbers.
    """
    with study_lock(folder):
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        killed = _killed(study, running)
        for trial in killed:
            with suppress(UpdateFinishedTrialError):  # another machine has recovered it
                give_up(study, trial, KILLED)
    return [trial.number for trial in killed]


def study_lock(folder: Path) -> AbstractContextManager[None]:
    """Return the lock under which trials are counted and started, so that there are never too many."""
    return locked(folder / LOCK, f"for the study in {folder}")


def _killed(study: Study, running: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    if not running:
        return []
    silent = silent_trials(study)

    def is_lost(trial: FrozenTrial) -> bool:
        worker = trial.user_attrs.get(PROCESS)
        if worker is None:
            assert trial.datetime_start is not None
            return datetime.now() - trial.datetime_start > UNSIGNED
        alive = is_alive(worker)
        return trial.number in silent if alive is None else not alive

    return [trial for trial in running if is_lost(trial)]


def give_up(study: Study, trial: FrozenTrial, reason: str) -> None:
    """Mark an interrupted trial as failed, and queue its parameters.

    Parameters whose process was killed repeatedly are not queued again: they may need more memory
    than there is. A trial that the user interrupted does not count.
    """
    retried = int(trial.user_attrs.get(RETRIED, 0)) + (reason == KILLED)
    is_queued = bool(trial.params) and retried <= MOST_RETRIES
    if trial.params and not is_queued:
        reason = f"{reason}, {retried} times in all: these parameters are not tried again"
        log.warning("trial %d: %s", trial.number, reason)
    for key, value in ((REASON, reason), (INTERRUPTED, True)):
        set_attribute(study, trial, key, value)
    study.tell(trial.number, state=TrialState.FAIL)
    if is_queued:
        study.enqueue_trial(trial.params, user_attrs={RETRIED: retried})
