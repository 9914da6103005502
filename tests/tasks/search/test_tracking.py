"""A sweep in MLflow: one run for the study, and under it one for each trial."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import optuna
import pytest

from astroclf.settings import sections
from astroclf.tasks.search.plan import Plan
from astroclf.tasks.search.tracking import end_tracking
from astroclf.tracking import open_tracker
from astroclf.tracking.record import read_record

pytestmark = pytest.mark.usefixtures("without_charts")

CHOSEN = (
    "search=none",
    "optimizer.lr=tag(log,interval(1e-4,1e-2))",
    "trainer.monitor=accuracy",
    "hydra.sweeper.max_failure_rate=1",
    "hydra.sweeper.pruner.n_startup_trials=1",
    "hydra.sweeper.pruner.n_warmup_steps=1",
    "trainer.epochs=1",
    "tracking=mlflow",
)
ACCURACIES = {0: 0.7, 2: 0.8, 3: 0.1, 4: 0.9, 5: 0.95}


@pytest.fixture(scope="module")
def tracked(
    begin_sweep: Callable[[Path], Any],
    at_each_step: Callable[..., Any],
    with_accuracy: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    """Two calls of one study: trial 1 fails, and trial 3, in the second call, is pruned."""
    sweep = begin_sweep(tmp_path_factory.mktemp("tracked"))
    sweep.uri = f"sqlite:///{sweep.root / 'runs.db'}"

    def fail(number: int | None) -> None:
        if number == 1:
            raise RuntimeError("the disk is on fire")

    with at_each_step(fail), with_accuracy(lambda number, epoch: ACCURACIES[number]):
        sweep.calls = [
            sweep.run(*CHOSEN, f"tracking.uri={sweep.uri}", n_trials=n_trials)
            for n_trials in (2, 5)
        ]
    assert [(ran.code, ran.err) for ran in sweep.calls] == [(0, "")] * 2
    assert sweep.states == ["COMPLETE", "FAIL", "COMPLETE", "PRUNED", "COMPLETE", "COMPLETE"]
    return sweep


def run_id(folder: Path) -> str:
    return str(json.loads((folder / "mlflow.json").read_text())["run_id"])


@pytest.fixture(scope="module")
def runs(tracked: Any) -> dict[str, Any]:
    """Return all runs in MLflow by their id."""
    from mlflow import MlflowClient

    client = MlflowClient(tracked.uri)
    experiments = [each.experiment_id for each in client.search_experiments()]
    return {run.info.run_id: run for run in client.search_runs(experiments)}


def test_trials_of_both_calls_are_nested_under_one_run(tracked: Any, runs: dict[str, Any]) -> None:
    parent = run_id(tracked.folder)
    assert runs[parent].info.run_name == "sweep study"
    assert runs[parent].info.status == "FINISHED"
    nested = {run_id(tracked.folder / str(number)) for number in range(6)}
    assert runs.keys() == {parent} | nested
    assert len(nested) == 6
    for each in nested:
        assert runs[each].data.tags["mlflow.parentRunId"] == parent


def test_a_run_ends_as_its_trial_did(tracked: Any, runs: dict[str, Any]) -> None:
    ended = {number: runs[run_id(tracked.folder / str(number))].info.status for number in range(6)}
    assert ended == {number: "FAILED" if number == 1 else "FINISHED" for number in range(6)}
    reasons = {
        number: runs[run_id(tracked.folder / str(number))].data.tags.get("reason")
        for number in range(6)
    }
    assert reasons[1] == "RuntimeError: the disk is on fire"
    assert reasons[3].startswith("Pruned: ")
    assert [reasons[number] for number in (0, 2, 4, 5)] == [None] * 4
    states = [runs[run_id(tracked.folder / str(number))].data.tags["state"] for number in range(6)]
    assert states == ["complete", "failed", "complete", "pruned", "complete", "complete"]


def test_a_trial_is_tracked_with_its_parameters_and_epochs(
    tracked: Any, runs: dict[str, Any]
) -> None:
    for number in (0, 2, 4, 5):
        data = runs[run_id(tracked.folder / str(number))].data
        tried = tracked.trials[number].params["optimizer.lr"]
        assert float(data.params["optimizer.lr"]) == pytest.approx(tried)
        assert data.metrics["val/accuracy"] == pytest.approx(ACCURACIES[number])
        assert data.metrics["val_best/accuracy"] == tracked.trials[number].value
        assert not any(name.startswith("test") for name in data.metrics)


def test_the_parent_holds_the_best_the_importance_and_the_page(
    tracked: Any, runs: dict[str, Any]
) -> None:
    from mlflow import MlflowClient

    data = runs[run_id(tracked.folder)].data
    assert data.metrics["best/accuracy"] == pytest.approx(0.95)
    assert data.metrics["importance/optimizer.lr"] == pytest.approx(1)
    assert data.metrics["trials/complete"] == 4
    assert data.metrics["trials/failed"] == 1
    assert data.metrics["trials/pruned"] == 1
    assert not {"trials/waiting", "trials/running"} & data.metrics.keys()
    assert data.params["search.optimizer.lr"] == "tag(log, interval(0.0001, 0.01))"
    artifacts = {
        each.path for each in MlflowClient(tracked.uri).list_artifacts(run_id(tracked.folder))
    }
    assert {"sweep.html", "trials.csv", "best.yaml"} <= artifacts


def test_the_terminal_shows_the_command_of_mlflow(tracked: Any) -> None:
    assert f"compare     mlflow ui --backend-store-uri {tracked.uri}" in tracked.calls[1].out


def test_a_search_with_too_many_failures_is_tracked_as_interrupted(
    sweep: Any, at_each_step: Callable[..., Any]
) -> None:
    from mlflow import MlflowClient

    def fail(number: int | None) -> None:
        raise RuntimeError("the disk is on fire")

    uri = f"sqlite:///{sweep.root / 'runs.db'}"
    once = (*CHOSEN, f"tracking.uri={uri}", "hydra.sweeper.max_failure_rate=0")
    with at_each_step(fail):
        assert sweep.run(*once, n_trials=2).code == 2
    run = MlflowClient(uri).get_run(run_id(sweep.folder))
    assert (run.info.status, run.data.tags["state"]) == ("KILLED", "interrupted")


NONE = sections.Untracked(name="none")


def begun(folder: Path) -> Path:
    folder.mkdir()
    open_tracker(NONE, folder).start("name", {}, {})
    return folder


def test_trials_of_killed_processes_are_closed_and_running_ones_are_not(
    tmp_path: Path,
) -> None:
    study = optuna.create_study()
    for _ in range(2):
        study.ask()
    study.tell(0, state=optuna.trial.TrialState.FAIL)
    for number in range(2):
        begun(tmp_path / str(number))
    parent = open_tracker(NONE, tmp_path)
    parent.start("sweep", {}, {})
    plan = SimpleNamespace(folder=tmp_path, settings=SimpleNamespace(tracking=NONE))
    end_tracking(cast(Plan, plan), study, parent, is_whole=False)
    records = [read_record(tmp_path / name) for name in ("", "0", "1")]
    assert [(each.status, each.reason) for each in records if each is not None] == [
        ("KILLED", "some of its trials have not finished"),
        ("KILLED", "its process was killed"),
        ("RUNNING", ""),
    ]
