from __future__ import annotations

import csv
import json
import logging
import math
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.errors import Interrupted, UserError
from astroclf.settings import Settings, read_settings, sections
from astroclf.tasks.task import run_task
from astroclf.tracking import (
    PARAMETER_LENGTH,
    MlflowTracker,
    Tracker,
    closing,
    database_file,
    flatten,
    open_tracker,
    tracking_uri,
)
from astroclf.training.loop import DivergenceError

Run = Callable[..., Path]
Config = Callable[..., dict[str, Any]]
Follow = Callable[..., MlflowTracker]

SMALL_CNN = ("model.widths=[4,4]", "model.hidden_units=[8]")
TRACKED = ("tracking=mlflow", "evaluation.bootstrap=0", *SMALL_CNN)
DEAD_SERVER = "http://127.0.0.1:9"
RESULTS = (
    "metrics.json", "history.csv", "predictions.csv", "split.csv", "report.html",
    "bundle/weights.safetensors", "checkpoint/last.pt",
)  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tests of this file, so that MLflow's database is made once."""
    return tmp_path_factory.mktemp("project")


@pytest.fixture(autouse=True)
def in_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture
def follow(tmp_path: Path) -> Follow:
    """follow(uri=None): a tracker whose run has the test's own folder."""

    def begin(uri: str | None = None, experiment: str = "tests") -> MlflowTracker:
        wanted = sections.Mlflow(name="mlflow", uri=uri, experiment=experiment, run_name=None)
        return MlflowTracker(wanted, tmp_path)

    return begin


def recorded(folder: Path) -> Any:
    """What MLflow remembers of the run in a folder."""
    from mlflow import MlflowClient

    record = json.loads((folder / "mlflow.json").read_text())
    return MlflowClient(record["uri"]).get_run(record["run_id"])


def warnings_in(log: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in log.records
        if record.levelno >= logging.WARNING and record.name.startswith("astroclf.tracking")
    ]


def test_a_run_is_remembered_whole(
    train_run: Run, project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from mlflow import MlflowClient

    folder = train_run(*TRACKED, "seed=5", "model.widths=[4,8]")

    run = recorded(folder)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "cnn-full-ce-dihedral-seed5"
    parameters = run.data.params
    assert parameters["seed"] == "5"
    assert parameters["optimizer.lr"] == "0.002"
    assert parameters["model.widths"] == "(4, 8)"
    assert parameters["trainer.clip_norm"] == "1.0"

    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    with (folder / "history.csv").open() as file:
        history = list(csv.DictReader(file))
    for name in ("train_loss", "val_loss", "val_accuracy", "lr", "time_s"):
        epochs = client.get_metric_history(run.info.run_id, name)
        assert [(each.step, each.value) for each in epochs] == [
            (int(row["epoch"]), pytest.approx(float(row[name]))) for row in history
        ]
    metrics = json.loads((folder / "metrics.json").read_text())
    for name, split in (("best_val", "val"), ("test", "test")):
        for metric in ("loss", "accuracy", "ece"):
            measured = metrics[split][metric]["value"]
            assert run.data.metrics[f"{name}_{metric}"] == pytest.approx(measured)

    kept = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert kept == {"report.html", "metrics.json", "bundle"}
    bundle = {file.path for file in client.list_artifacts(run.info.run_id, "bundle")}
    assert bundle == {"bundle/bundle.json", "bundle/weights.safetensors"}
    assert list((project / "mlruns/astroclf").glob("*/artifacts/report.html"))

    (dataset_input,) = run.inputs.dataset_inputs
    assert dataset_input.dataset.name == "simulated"
    assert dataset_input.dataset.digest == metrics["run"]["dataset_fingerprint"]
    assert run.data.tags["dataset_fingerprint"] == dataset_input.dataset.digest
    assert {"git_commit", "python", "torch", "timm", "astroclf"} <= set(run.data.tags)
    assert warnings_in(caplog) == []


def test_a_run_that_fails_is_marked_with_its_reason(config: Config, tmp_path: Path) -> None:
    plain = config(*TRACKED, "optimizer=sgd", "optimizer.lr=1e30")
    with pytest.raises(DivergenceError):
        run_task(read_settings(plain), tmp_path, plain)
    run = recorded(tmp_path)
    assert run.info.status == "FAILED"
    assert re.match(
        r"DivergenceError: The loss became \S+ in epoch 1, step", run.data.tags["reason"]
    )


def test_a_run_that_is_stopped_and_resumed_is_one_run(
    config: Config, tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from astroclf.training.learner import Learner

    plain = config(*TRACKED, "trainer.epochs=2")
    step = Learner.step

    def step_and_stop(learner: Learner, batches: Any) -> Any:
        signal.raise_signal(signal.SIGTERM)
        return step(learner, batches)

    monkeypatch.setattr(Learner, "step", step_and_stop)
    with pytest.raises(Interrupted):
        run_task(read_settings(plain), tmp_path, plain)
    stopped = recorded(tmp_path)
    assert stopped.info.status == "KILLED"
    assert stopped.data.tags["reason"] == "SIGTERM"

    monkeypatch.undo()
    monkeypatch.chdir(project)
    run_task(read_settings(plain), tmp_path, {**plain, "resume": str(tmp_path)})
    resumed = recorded(tmp_path)
    assert resumed.info.run_id == stopped.info.run_id
    assert resumed.info.status == "FINISHED"
    assert resumed.data.params == stopped.data.params
    assert resumed.data.metrics["test_accuracy"] >= 0


@pytest.mark.parametrize(
    ("raised", "status", "reason"),
    [
        (None, "FINISHED", None),
        (Interrupted(signal.SIGINT), "KILLED", "SIGINT"),
        (KeyboardInterrupt(), "KILLED", "KeyboardInterrupt"),
        (ValueError("no such thing"), "FAILED", "ValueError: no such thing"),
        (SystemExit(3), "FAILED", "SystemExit: 3"),
    ],
    ids=str,
)
def test_how_a_run_ends_is_told(
    follow: Follow, tmp_path: Path, raised: BaseException | None, status: str, reason: str | None
) -> None:
    def work() -> None:
        with closing(tracker, stopped=(Interrupted, KeyboardInterrupt)):
            tracker.start("name", {}, {})
            tracker.wait()
            if raised is not None:
                raise raised

    tracker = follow()
    if raised is None:
        work()
    else:
        with pytest.raises(type(raised)):
            work()
    run = recorded(tmp_path)
    assert run.info.status == status
    assert run.data.tags.get("reason") == reason


def test_a_run_that_goes_on_forgets_how_it_was_stopped(follow: Follow, tmp_path: Path) -> None:
    stopped = follow()
    stopped.start("name", {}, {})
    stopped.end("KILLED", "SIGINT", "stopped")
    tags = recorded(tmp_path).data.tags
    assert (tags["state"], tags["reason"]) == ("stopped", "SIGINT")
    resumed = follow()
    resumed.start("name", {}, {})
    resumed.wait()
    assert not recorded(tmp_path).data.tags.keys() & {"state", "reason"}
    resumed.end("FINISHED")
    assert recorded(tmp_path).data.tags["state"] == "complete"


def test_a_run_that_was_killed_is_closed_when_it_goes_on(follow: Follow, tmp_path: Path) -> None:
    killed = follow()
    killed.start("name", {"trainer": {"epochs": 2}}, {})
    killed.wait()
    assert recorded(tmp_path).info.status == "RUNNING"
    resumed = follow()
    resumed.start("name", {"trainer": {"epochs": 4, "device": "cpu"}}, {})
    resumed.wait()
    resumed.end("FINISHED")
    assert resumed.run_id == killed.run_id
    run = recorded(tmp_path)
    assert run.info.status == "FINISHED"
    # MLflow takes a parameter once.
    assert run.data.params == {"trainer.epochs": "2", "trainer.device": "cpu"}
    assert not resumed.is_lost


def test_numbers_that_are_not_finite_are_left_out(follow: Follow, tmp_path: Path) -> None:
    tracker = follow()
    tracker.start("name", {}, {})
    tracker.wait()
    numbers = {"a": 1.5, "b": math.nan, "c": math.inf, "d": -math.inf, "e": 0}
    tracker.log_metrics(numbers, step=3)
    tracker.end("FINISHED")
    assert recorded(tmp_path).data.metrics == {"a": 1.5, "e": 0}
    assert not tracker.is_lost


def test_long_parameters_are_cut_and_many_are_taken(follow: Follow, tmp_path: Path) -> None:
    tracker = follow()
    many = {f"key{number}": number for number in range(250)}
    tracker.start("name", {"long": "x" * 10_000, "many": many}, {})
    tracker.wait()
    tracker.end("FINISHED")
    parameters = recorded(tmp_path).data.params
    assert parameters["long"] == "x" * PARAMETER_LENGTH
    assert len(parameters) == 251
    assert not tracker.is_lost


def test_a_given_name_and_experiment_are_used(
    project: Path, settings: Callable[..., Settings], tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    chosen = settings(
        "tracking=mlflow", "tracking.run_name=mine", "tracking.experiment=stars"
    ).tracking
    tracker = open_tracker(chosen, tmp_path)
    tracker.start("name", {}, {"git_commit": "abc"})
    tracker.wait()
    tracker.end("FINISHED")
    run = recorded(tmp_path)
    assert run.info.run_name == "mine"
    assert run.data.tags["git_commit"] == "abc"
    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("stars")
    assert experiment is not None
    assert run.info.experiment_id == experiment.experiment_id
    assert experiment.artifact_location == (project / "mlruns/stars").as_uri()


def test_where_runs_are_remembered(
    project: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tracking_uri(None) == f"sqlite:///{project / 'mlflow.db'}"
    assert follow().where == "mlflow ui"
    assert follow("sqlite:///a.db").where == "mlflow ui --backend-store-uri sqlite:///a.db"
    assert follow("http://host:5000").where == "http://host:5000"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////tmp/b.db")
    assert tracking_uri(None) == "sqlite:////tmp/b.db"
    assert tracking_uri("sqlite:///a.db") == "sqlite:///a.db"
    assert follow().where == "mlflow ui --backend-store-uri sqlite:////tmp/b.db"
    assert database_file("sqlite:///a.db") == project / "a.db"
    assert database_file("http://host:5000") is None


def test_the_environment_says_where(
    follow: Follow, tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"sqlite:///{project / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)  # whose own mlflow.db is not made
    tracker = follow()
    tracker.start("name", {}, {})
    tracker.wait()
    tracker.end("FINISHED")
    assert json.loads((tmp_path / "mlflow.json").read_text())["uri"] == uri
    assert recorded(tmp_path).info.status == "FINISHED"
    assert not (tmp_path / "mlflow.db").exists()


def test_an_address_relative_to_here_works(follow: Follow, tmp_path: Path) -> None:
    tracker = follow("sqlite:///mlflow.db", experiment="relative")
    tracker.start("name", {}, {})
    tracker.wait()
    (tmp_path / "notes.txt").write_text("kept")
    tracker.log_artifacts([tmp_path / "notes.txt", tmp_path / "missing.txt"])
    tracker.end("FINISHED")
    assert not tracker.is_lost
    assert list(Path("mlruns/relative").glob("*/artifacts/notes.txt"))


def test_a_server_that_is_away_costs_one_warning_and_no_result(
    train_run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    import mlflow  # noqa: F401 - its import is not the cost of the server

    start_s = time.perf_counter()
    folder = train_run(*TRACKED, f"tracking.uri={DEAD_SERVER}")
    assert time.perf_counter() - start_s < 10
    (warning,) = warnings_in(caplog)
    assert warning.startswith("MLflow stopped working (")
    assert warning.endswith(f"the run goes on without it, and {folder} holds everything.")
    for name in RESULTS:
        assert (folder / name).stat().st_size > 0
    assert not (folder / "mlflow.json").exists()
    assert "compare  " not in caplog.text


def test_a_server_that_goes_away_is_lost_once(
    follow: Follow, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = follow()
    tracker.start("name", {}, {})
    tracker.wait()
    calls = []

    def refuse(*arguments: Any, **named: Any) -> None:
        calls.append(arguments)
        raise OSError("No space left on device")

    monkeypatch.setattr(tracker.client, "log_batch", refuse)
    for epoch in range(3):
        tracker.log_metrics({"a": 1.0}, step=epoch)
    tracker.wait()
    assert len(calls) == 1
    (warning,) = warnings_in(caplog)
    assert "OSError: No space left on device" in warning
    assert tracker.where == ""


def test_without_tracking_nothing_is_imported_or_written(tmp_path: Path) -> None:
    tracker = open_tracker(sections.Untracked(name="none"), tmp_path)
    assert type(tracker) is Tracker
    with closing(tracker, stopped=(Interrupted,)):
        tracker.start("name", {}, {})
        tracker.log_dataset("name", "source", "fingerprint")
        tracker.log_metrics({"a": 1.0}, step=1)
        tracker.log_artifacts([tmp_path])
    assert tracker.where == ""
    assert not list(tmp_path.iterdir())


def test_nested_settings_are_flat() -> None:
    nested = {"seed": 1, "model": {"widths": (4, 8), "options": {}, "deep": {"er": None}}}
    assert dict(flatten(nested)) == {
        "seed": 1,
        "model.widths": (4, 8),
        "model.options": {},
        "model.deep.er": None,
    }


CREATE = """
import sys
from pathlib import Path
from astroclf.settings.sections import Mlflow
from astroclf.tracking import MlflowTracker
import mlflow
folder = Path(sys.argv[1])
folder.mkdir()
print("ready", flush=True)
input()
tracker = MlflowTracker(Mlflow(name="mlflow", uri=None, experiment="both", run_name=None), folder)
tracker.start("name", {}, {})
tracker.wait()
tracker.end("FINISHED")
print(tracker.is_lost)
"""


@pytest.mark.slow
def test_two_processes_may_make_the_database_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", CREATE, f"run{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[0].strip() for process in processes] == ["False", "False"]
    for number in range(2):
        assert recorded(tmp_path / f"run{number}").info.status == "FINISHED"


def begin_in(folder: Path, uri: str | None = None) -> MlflowTracker:
    """A run that has begun in a folder."""
    folder.mkdir(exist_ok=True)
    wanted = sections.Mlflow(name="mlflow", uri=uri, experiment="tests", run_name=None)
    tracker = MlflowTracker(wanted, folder)
    tracker.start("name", {}, {})
    tracker.wait()
    return tracker


def test_a_run_in_the_folder_of_another_is_nested(tmp_path: Path, project: Path) -> None:
    parent = begin_in(tmp_path / "parent")
    child = begin_in(tmp_path / "parent/child")
    grandchild = begin_in(tmp_path / "parent/child/own")
    stranger = begin_in(tmp_path / "parent/stranger", uri=f"sqlite:///{project}/other.db")
    again = begin_in(tmp_path / "parent/child")
    for tracker in (again, grandchild, stranger, parent):
        tracker.end("FINISHED")
    tags = [recorded(tracker.folder).data.tags for tracker in (child, grandchild, stranger, parent)]
    assert [each.get("mlflow.parentRunId") for each in tags] == [
        parent.run_id,
        child.run_id,
        None,
        None,
    ]
    assert again.run_id == child.run_id
    assert not any(tracker.is_lost for tracker in (parent, child, grandchild, stranger))


def test_repeated_trainings_are_nested_under_one_run(train_run: Run) -> None:
    from mlflow import MlflowClient

    small = ("dataset.image_px=16", "trainer.epochs=1")
    folder = train_run(*TRACKED, *small, "task=crossval", "folds=3")
    run = recorded(folder)
    assert (run.info.status, run.info.run_name) == (
        "FINISHED",
        "cnn-full-ce-dihedral-seed0-3-folds",
    )
    metrics = json.loads((folder / "metrics.json").read_text())
    for name, split in (("best_val", "val"), ("test", "test")):
        spread = metrics[split]["accuracy"]
        assert run.data.metrics[f"{name}_accuracy"] == pytest.approx(spread["mean"])
        assert run.data.metrics[f"{name}_accuracy_std"] == pytest.approx(spread["std"])
    pooled = metrics["pooled"]["accuracy"]["value"]
    assert run.data.metrics["pooled_accuracy"] == pytest.approx(pooled)
    client = MlflowClient(json.loads((folder / "mlflow.json").read_text())["uri"])
    kept = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert kept == {"metrics.json", "predictions.csv"}
    for fold in range(3):
        nested = recorded(folder / f"fold-{fold}")
        assert nested.data.tags["mlflow.parentRunId"] == run.info.run_id
        assert nested.info.run_name == f"cnn-full-ce-dihedral-seed0-fold-{fold}"
        assert "test_accuracy" in nested.data.metrics


def test_a_password_reaches_no_file_of_a_run(
    train_run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    folder = train_run(*TRACKED, "tracking.uri=http://bob:s3cret@127.0.0.1:9")
    stored = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert b"s3cret" not in stored
    assert b"http://***@127.0.0.1:9" in stored  # the checkpoint
    assert "s3cret" not in caplog.text


def test_a_stored_address_takes_its_credentials_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(UserError, match=r"tracking.uri=http://\*\*\*@host: .* not stored"):
        tracking_uri("http://***@host")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://bob:s3cret@elsewhere")
    with pytest.raises(UserError, match="anew"):
        tracking_uri("http://***@host")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://bob:s3cret@host")
    assert tracking_uri("http://***@host") == "http://bob:s3cret@host"
