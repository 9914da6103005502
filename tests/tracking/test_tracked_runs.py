"""Trainings as MLflow has them."""

from __future__ import annotations

import csv
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.errors import Interrupted
from astroclf.settings import read_settings
from astroclf.tasks.run import open_run
from astroclf.tasks.task import run_task
from astroclf.tracking.record import read_record
from astroclf.training.loop import DivergenceError
from fixtures.stops import StopAt, with_callbacks

Run = Callable[..., Path]
Config = Callable[..., dict[str, Any]]
Recorded = Callable[[Path], Any]

pytestmark = pytest.mark.usefixtures("project")

SMALL_CNN = ("model.widths=[4,4]", "model.hidden_units=[8]")
TRACKED = ("tracking=mlflow", "evaluation.bootstrap_resamples=0", *SMALL_CNN)


def warnings_in(log: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in log.records
        if record.levelno >= logging.WARNING and record.name.startswith("astroclf.tracking")
    ]


def test_a_finished_run_is_complete_in_mlflow(
    recorded: Recorded, train_run: Run, project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from mlflow import MlflowClient

    folder = train_run(*TRACKED, "seed=5", "model.widths=[4,8]")

    run = recorded(folder)
    fingerprint = run.data.tags["dataset_fingerprint"]
    assert run.info.status == "FINISHED"
    assert run.data.tags["folder"] == str(folder)
    assert run.info.run_name == f"cnn-full-ce-dihedral-simulated-{fingerprint[:6]}-seed5"
    parameters = run.data.params
    assert parameters["seed"] == "5"
    assert parameters["optimizer.lr"] == "0.002"
    assert parameters["model.widths"] == "(4, 8)"
    assert parameters["trainer.grad_clip_norm"] == "1.0"

    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    with (folder / "history.csv").open() as file:
        history = list(csv.DictReader(file))
    columns = {"train/loss": "train_loss", "val/loss": "val_loss", "val/accuracy": "val_accuracy"}
    for name, column in (columns | {"train/lr": "lr", "system/time_s": "time_s"}).items():
        epochs = client.get_metric_history(run.info.run_id, name)
        assert [(each.step, each.value) for each in epochs] == [
            (int(row["epoch"]), pytest.approx(float(row[column]))) for row in history
        ]
    metrics = json.loads((folder / "metrics.json").read_text())
    for name, split in (("val_best", "val"), ("test", "test")):
        for metric in ("loss", "accuracy", "ece"):
            measured = metrics[split][metric]["value"]
            assert run.data.metrics[f"{name}/{metric}"] == pytest.approx(measured)

    kept = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert kept == {"report.html", "figures", "metrics.json", "predictions.csv", "bundle"}
    bundle = {file.path for file in client.list_artifacts(run.info.run_id, "bundle")}
    files = ("bundle.json", "reference.npz", "weights.safetensors")
    assert bundle == {f"bundle/{name}" for name in files}
    assert list((project / "mlruns/astroclf").glob("*/artifacts/report.html"))

    (dataset_input,) = run.inputs.dataset_inputs
    assert dataset_input.dataset.name == "simulated"
    assert dataset_input.dataset.digest == metrics["run"]["dataset_fingerprint"]
    assert run.data.tags["dataset_fingerprint"] == dataset_input.dataset.digest
    assert {"python", "torch", "timm", "astroclf"} <= set(run.data.tags)
    assert warnings_in(caplog) == []


def test_a_run_that_fails_is_marked_with_its_reason(
    recorded: Recorded, config: Config, tmp_path: Path
) -> None:
    plain = config(*TRACKED, "optimizer=sgd", "optimizer.lr=1e30")
    with pytest.raises(DivergenceError):
        run_task(open_run(read_settings(plain), tmp_path))
    run = recorded(tmp_path)
    assert run.info.status == "FAILED"
    assert re.match(
        r"DivergenceError: The loss became \S+ in epoch 1, step", run.data.tags["reason"]
    )


def test_an_interrupted_and_resumed_run_is_one_run(
    recorded: Recorded,
    config: Config,
    tmp_path: Path,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = config(*TRACKED, "trainer.epochs=2")
    with pytest.raises(Interrupted):
        run_task(with_callbacks(open_run(read_settings(plain), tmp_path), StopAt(1)))
    stopped = recorded(tmp_path)
    assert stopped.info.status == "KILLED"
    assert stopped.data.tags["reason"] == "SIGTERM"

    monkeypatch.chdir(project)
    run_task(open_run(read_settings(plain), tmp_path, resumes=True))
    resumed = recorded(tmp_path)
    assert resumed.info.run_id == stopped.info.run_id
    assert resumed.info.status == "FINISHED"
    assert resumed.data.params == stopped.data.params
    assert resumed.data.metrics["test/accuracy"] >= 0


def test_repeated_trainings_are_nested_under_one_run(recorded: Recorded, train_run: Run) -> None:
    from mlflow import MlflowClient

    small = ("dataset.image_px=16", "trainer.epochs=1")
    folder = train_run(*TRACKED, *small, "task=crossval", "folds=3")
    run = recorded(folder)
    stem = run.info.run_name.removesuffix("-3-folds")
    assert re.fullmatch("cnn-full-ce-dihedral-simulated-[0-9a-f]{6}-seed0", stem)
    assert (run.info.status, run.info.run_name) == (
        "FINISHED",
        f"{stem}-3-folds",
    )
    metrics = json.loads((folder / "metrics.json").read_text())
    for name, split in (("val_best", "val"), ("test", "test")):
        spread = metrics[split]["accuracy"]
        assert run.data.metrics[f"{name}/accuracy"] == pytest.approx(spread["value"])
        assert run.data.metrics[f"{name}/accuracy_std"] == pytest.approx(spread["std"])
    pooled = metrics["pooled"]["accuracy"]["value"]
    assert run.data.metrics["pooled/accuracy"] == pytest.approx(pooled)
    client = MlflowClient(json.loads((folder / "mlflow.json").read_text())["uri"])
    kept = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert kept == {"metrics.json", "predictions.csv", "report.html"}
    for fold in range(3):
        nested = recorded(folder / f"fold-{fold}")
        assert nested.data.tags["mlflow.parentRunId"] == run.info.run_id
        assert nested.info.run_name == f"{stem}-fold-{fold}"
        assert "test/accuracy" in nested.data.metrics


def test_a_password_reaches_no_file_of_a_run(
    train_run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    folder = train_run(*TRACKED, "tracking.uri=http://bob:s3cret@127.0.0.1:9")
    stored = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert b"s3cret" not in stored
    assert b"http://***@127.0.0.1:9" in stored  # the settings
    assert "s3cret" not in caplog.text


def test_epochs_that_a_kill_left_unsent_are_sent_on_resume(
    recorded: Recorded, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from astroclf.tracking.remote import RemoteRun

    plain = config(*TRACKED, "dataset.image_px=16")
    plain["trainer"]["epochs"] = 3
    with monkeypatch.context() as patch:
        patch.setattr(RemoteRun, "_send_epochs", lambda *_: None)  # as if all were still queued
        run_task(open_run(read_settings(plain), tmp_path))
    assert "train/loss" not in recorded(tmp_path).data.metrics

    plain["trainer"]["epochs"] = 4
    run_task(open_run(read_settings(plain), tmp_path, resumes=True))
    from mlflow import MlflowClient

    run = recorded(tmp_path)
    history = MlflowClient(f"sqlite:///{tmp_path}/project/mlflow.db").get_metric_history(
        run.info.run_id, "train/loss"
    )
    assert [each.step for each in history] == [1, 2, 3, 4]


def test_an_untracked_run_writes_a_record_that_can_be_sent(train_run: Run, project: Path) -> None:
    folder = train_run("evaluation.bootstrap_resamples=0", *SMALL_CNN, "dataset.image_px=16")
    record = read_record(folder)
    assert record is not None
    assert (record.status, record.state, record.run_id) == ("FINISHED", "complete", "")
    assert record.parameters["optimizer.lr"] == "0.002"
    assert set(record.artifacts) == {
        "report.html",
        "figures",
        "metrics.json",
        "predictions.csv",
        "bundle",
    }
    assert record.metrics["test/accuracy"] >= 0
