"""Processes of other machines are known by their heartbeat in a database."""

from __future__ import annotations

import time
from pathlib import Path

import optuna
import pytest
from optuna.distributions import FloatDistribution

from astroclf.sweep import storage as storage_module
from astroclf.sweep.internals import heartbeat
from astroclf.sweep.storage import open_storage
from astroclf.sweep.study import PROCESS, count_running, recover


def test_a_trial_without_heartbeat_is_queued_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_module, "HEARTBEAT_S", 1)
    monkeypatch.setattr(storage_module, "SILENCE_S", 1)
    storage = open_storage(f"sqlite:///{tmp_path / 'study.db'}", tmp_path)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(storage=storage)
    with pytest.warns(UserWarning, match="Heartbeat of storage"):
        trial = study.ask({"optimizer.lr": FloatDistribution(0, 1)})
    trial.set_user_attr(PROCESS, "another.machine:/somewhere/1.lock")
    with heartbeat(study, [trial]):
        time.sleep(1.2)
        assert (count_running(study), recover(study, tmp_path)) == (1, [])
    time.sleep(2.1)  # databases count whole seconds
    assert count_running(study) == 0
    assert recover(study, tmp_path) == [trial.number]
    assert [each.state.name for each in study.trials] == ["FAIL", "WAITING"]
    storage.remove_session()
