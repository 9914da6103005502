from __future__ import annotations

import datetime
import socket
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.study import Study
from optuna.trial import TrialState

from astroclf.errors import UserError
from astroclf.sweep.content import count_states, state_of
from astroclf.sweep.processes import register_worker
from astroclf.sweep.storage import open_storage
from astroclf.sweep.study import (
    Identity,
    count_finished,
    count_running,
    give_up,
    migrate_identity,
    open_study,
    recover,
)

IDENTITY = Identity(
    objectives=("accuracy",),
    directions=("maximize",),
    sampler="tpe",
    space={"optimizer.lr": "interval(0, 1)", "loss": "choice(ce, focal)"},
    settings={"trainer.epochs": "3"},
    data={"train": "300 images", "fingerprint": "a"},
)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return open_study("s", open_storage(None, tmp_path), IDENTITY, tmp_path)


def ask(study: Study, **attributes: Any) -> optuna.Trial:
    trial = study.ask()
    trial.suggest_float("optimizer.lr", 0, 1)
    for name, value in attributes.items():
        trial.set_user_attr(name, value)
    return trial


def test_an_identity_of_version_1_has_the_present_names_of_settings() -> None:
    stored = {**asdict(IDENTITY), "settings": {"trainer.epochs": "3", "trainer.clip_norm": "1.0"}}
    settings = {"trainer.epochs": "3", "trainer.grad_clip_norm": "1.0", "debug.name": "none"}
    assert replace(IDENTITY, settings=settings).difference(migrate_identity(stored)) == ""
    assert migrate_identity({"schema_version": 2, **stored})["settings"] == stored["settings"]


@pytest.mark.parametrize(
    ("change", "output"),
    [
        ({}, ""),
        ({"objectives": ("loss",)}, "its objectives were accuracy and are loss"),
        ({"directions": ("minimize",)}, "its directions were maximize and are minimize"),
        ({"sampler": "gp"}, "its sampler was tpe and is gp"),
        (
            {"space": {"optimizer.lr": "interval(0, 2)", "model.dropout": "interval(0, 1)"}},
            "its space is another: model.dropout is new, optimizer.lr was interval(0, 1) and is "
            "interval(0, 2), loss is gone",
        ),
        (
            {"data": {"train": "301 images", "fingerprint": "b"}},
            "its images, labels or splits have changed: train was 300 images and is 301 images, "
            "fingerprint was a and is b",
        ),
        ({"settings": {"trainer.epochs": "4"}}, "trainer.epochs was 3 and is 4"),
    ],
)
def test_a_study_with_another_identity_is_refused(
    study: Study, tmp_path: Path, change: dict[str, Any], output: str
) -> None:
    identity = replace(IDENTITY, **change)
    open_storage.cache_clear()
    storage = open_storage(None, tmp_path)
    if not output:
        assert open_study("s", storage, identity, tmp_path)._study_id == study._study_id
        return
    with pytest.raises(UserError, match=r"^study s in .* cannot be resumed, ") as refused:
        open_study("s", storage, identity, tmp_path)
    assert f"cannot be resumed, {output}. Start another one" in str(refused.value)


def test_the_journal_is_in_the_folder(study: Study, tmp_path: Path) -> None:
    assert (tmp_path / "study.journal").is_file()


def test_a_file_may_be_named_as_storage(tmp_path: Path) -> None:
    journal = tmp_path / "there/of.journal"
    open_study("s", open_storage(str(journal), tmp_path), IDENTITY, tmp_path)
    assert journal.is_file()
    assert not (tmp_path / "study.journal").exists()


@pytest.mark.filterwarnings("ignore:Heartbeat of storage")  # which a search sees to itself
def test_a_database_holds_a_study_too(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'studies.db'}"
    study = open_study("s", open_storage(address, tmp_path), IDENTITY, tmp_path)
    study.tell(ask(study), 0.5)
    again = open_study("s", open_storage(address, tmp_path), IDENTITY, tmp_path)
    assert count_finished(again) == 1
    with pytest.raises(UserError, match="its sampler was tpe and is gp"):
        open_study("s", open_storage(address, tmp_path), replace(IDENTITY, sampler="gp"), tmp_path)


def test_complete_and_pruned_trials_are_finished(study: Study) -> None:
    study.tell(ask(study), 0.5)
    study.tell(ask(study), state=TrialState.PRUNED)
    study.tell(ask(study), state=TrialState.FAIL)
    ask(study)
    study.enqueue_trial({"optimizer.lr": 0.5})
    assert count_finished(study) == 2
    counts = count_states(study.trials)
    assert counts == {"complete": 1, "pruned": 1, "running": 1, "waiting": 1, "failed": 1}


def test_trials_of_killed_processes_fail_and_are_queued(study: Study, tmp_path: Path) -> None:
    with register_worker(tmp_path) as alive:
        numbers = {
            worker: ask(study, process=worker).number
            for worker in (alive, f"{socket.gethostname()}:7", "another.machine:0")
        }
        assert count_running(study) == 2
        assert recover(study, tmp_path) == [numbers[f"{socket.gethostname()}:7"]]
        assert recover(study, tmp_path) == []
    killed = study.trials[1]
    assert (killed.state, killed.user_attrs["reason"]) == (
        TrialState.FAIL,
        "its process was killed",
    )
    (queued,) = study.get_trials(states=(TrialState.WAITING,))
    assert queued.system_attrs["fixed_params"] == killed.params


def test_a_trial_without_a_process_is_lost_after_a_while(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.ask()  # its worker has not signed it yet
    assert count_running(study) == 1
    assert recover(study, tmp_path) == []
    monkeypatch.setattr("astroclf.sweep.study.UNSIGNED", datetime.timedelta(0))
    assert count_running(study) == 0
    assert recover(study, tmp_path) == [0]
    assert study.get_trials(states=(TrialState.WAITING,)) == []  # it had no parameters


def test_parameters_that_kill_every_process_are_given_up(study: Study, tmp_path: Path) -> None:
    gone = f"{socket.gethostname()}:7"
    ask(study, process=gone)
    for _ in range(9):
        recover(study, tmp_path)
        if not study.get_trials(states=(TrialState.WAITING,)):
            break
        ask(study, process=gone)
    assert [trial.state for trial in study.trials] == [TrialState.FAIL] * 3
    assert len({trial.params["optimizer.lr"] for trial in study.trials}) == 1


def test_parameters_that_the_user_stopped_are_tried_again_each_time(study: Study) -> None:
    ask(study)
    for _ in range(5):
        trial = study.trials[-1]
        give_up(study, trial, "stopped by SIGTERM")
        assert state_of(study.trials[-2]) == "interrupted"
        ask(study)
    assert len({trial.params["optimizer.lr"] for trial in study.trials}) == 1


def test_an_emptied_journal_beside_trial_folders_is_refused(study: Study, tmp_path: Path) -> None:
    study.tell(ask(study), 0.5)
    (tmp_path / "0").mkdir()
    (tmp_path / "study.journal").write_bytes(b"")
    open_storage.cache_clear()
    with pytest.raises(UserError, match="holds the folders of 1 trials, but the study s is empty"):
        open_study("s", open_storage(None, tmp_path), IDENTITY, tmp_path)


def test_folders_of_trials_that_the_journal_has_lost_are_set_aside(
    study: Study, tmp_path: Path
) -> None:
    study.tell(ask(study), 0.5)
    for number in (0, 1):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "history.csv").touch()
    open_study("s", open_storage(None, tmp_path), IDENTITY, tmp_path)
    assert (tmp_path / "0/history.csv").exists()
    assert not (tmp_path / "1").exists()
    assert len(list(tmp_path.glob("lost-1-*/history.csv"))) == 1
