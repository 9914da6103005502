"""Access to what Optuna does not make public: trials by number, attributes of queued trials, heartbeats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from optuna.storages._heartbeat import BaseHeartbeat, get_heartbeat_thread, is_heartbeat_enabled
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial


def running_trial(study: Study, number: int) -> Trial:
    """Return a trial that another process has begun, to report to."""
    return Trial(study, study.get_trials(deepcopy=False)[number]._trial_id)


def set_attribute(study: Study, trial: FrozenTrial, key: str, value: Any) -> None:
    """Set a user attribute of a trial that this process has not begun."""
    study._storage.set_trial_user_attr(trial._trial_id, key, value)


@contextmanager
def heartbeat(study: Study, trials: Sequence[Trial]) -> Iterator[None]:
    """Record in the storage, while inside, that the trials are running; databases alone support it.

    Optuna starts heartbeats in `Study.optimize` only.
    """
    with ExitStack() as beating:
        for trial in trials:
            thread = get_heartbeat_thread(trial._trial_id, study._storage)
            thread.start()
            beating.callback(thread.join)
        yield


def silent_trials(study: Study) -> set[int]:
    """Return the numbers of running trials whose heartbeat has stopped."""
    storage = study._storage
    if not isinstance(storage, BaseHeartbeat) or not is_heartbeat_enabled(storage):
        return set()
    silent = set(storage._get_stale_trial_ids(study._study_id))
    return {trial.number for trial in study.get_trials(deepcopy=False) if trial._trial_id in silent}
