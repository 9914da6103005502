from __future__ import annotations

import csv
import json
import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from astroclf.data.dataset import ImageDataset
from astroclf.errors import UserError
from astroclf.runs.checkpoint import read_checkpoint
from astroclf.runs.folder import RunFolder
from astroclf.tasks import train as module
from astroclf.tasks.build import prepare
from astroclf.tasks.run import open_run
from astroclf.tasks.training import Training
from astroclf.training.loop import DivergenceError

SHORT = ("model.widths=[4,8]", "model.hidden_units=[16]", "evaluation.bootstrap_resamples=0")
# At a high rate the last epoch is not the best; uncalibrated, val is what history.csv says it is.
LONGER = (
    *SHORT,
    "trainer.epochs=6",
    "optimizer.lr=0.03",
    "trainer.monitor=log_loss",
    "evaluation.temperature=false",
)


@pytest.fixture(scope="module")
def run(train_run: Callable[..., Path]) -> Path:
    return train_run(*LONGER)


def read_csv(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def start(settings: Any, dataset: ImageDataset, stored: dict[str, Any] | None = None) -> Training:
    return prepare(settings, dataset, torch.device("cpu"), stored)


def test_a_run_writes_all_results(run: Path) -> None:
    assert {file.name for file in run.iterdir()} >= {
        "metrics.json",
        "history.csv",
        "predictions.csv",
        "split.csv",
        "bundle",
        "checkpoint",
        "report.html",
    }


def test_the_best_weights_are_restored(run: Path) -> None:
    history = read_csv(run / "history.csv")
    metrics = json.loads((run / "metrics.json").read_text())
    best = min(history, key=lambda row: float(row["val_log_loss"]))
    assert metrics["run"]["best_epoch"] == int(best["epoch"])
    assert best is not history[-1], "or nothing would be shown"
    for name, measured in metrics["val"].items():
        assert measured["value"] == pytest.approx(float(best[f"val_{name}"]), abs=1e-6), name


def test_bundle_and_checkpoint_hold_the_best_weights(run: Path) -> None:
    stored = read_checkpoint(RunFolder(run))
    bundled = load_file(run / "bundle/weights.safetensors")
    last = stored.learner.network
    assert all(torch.equal(bundled[name], stored.best[name]) for name in bundled)
    assert any(not torch.equal(bundled[name], last[name]) for name in bundled)


def test_metrics_record_the_run(run: Path, simulated_dataset: ImageDataset) -> None:
    facts = json.loads((run / "metrics.json").read_text())["run"]
    assert facts["seed"] == 0
    assert facts["epochs"] == 6
    assert facts["backbone"] == "random"
    assert facts["device"].startswith("cpu")
    assert facts["images_per_s"] > 0
    assert facts["train_s"] > 0
    assert facts["selection_metric"] == "val log_loss"
    assert facts["dataset_fingerprint"] == simulated_dataset.fingerprint


def test_the_split_is_written(run: Path, simulated_dataset: ImageDataset) -> None:
    found = {row["id"]: row["split"] for row in read_csv(run / "split.csv")}
    assert found == dict(zip(simulated_dataset.ids, simulated_dataset.split, strict=True))


def test_the_same_seed_is_the_same_run(run: Path, train_run: Callable[..., Path]) -> None:
    again = train_run(*LONGER)
    assert (again / "predictions.csv").read_bytes() == (run / "predictions.csv").read_bytes()
    other = train_run(*LONGER, "seed=1")
    assert (other / "predictions.csv").read_bytes() != (run / "predictions.csv").read_bytes()


def test_the_objective_of_a_sweep_is_returned(config: Any, settings: Any, tmp_path: Path) -> None:
    overrides = (*SHORT, "trainer.monitor=roc_auc", "finetune=lora", "finetune.rank=2")
    figures = module.main(open_run(settings(*overrides), tmp_path))
    history = read_csv(tmp_path / "history.csv")
    assert figures["roc_auc"] == max(float(row["val_roc_auc"]) for row in history)
    facts = json.loads((tmp_path / "metrics.json").read_text())["run"]
    for count in ("parameters", "trained_parameters"):  # adapters among them
        assert figures[count] == facts[count]


def test_patience_stops_a_run_early(train_run: Callable[..., Path]) -> None:
    folder = train_run(
        *SHORT, "trainer.epochs=20", "trainer.patience=1", "optimizer=sgd", "optimizer.lr=1e-9"
    )
    facts = json.loads((folder / "metrics.json").read_text())["run"]
    assert facts["epochs"] == facts["best_epoch"] + 1 < 20


def test_smoke_takes_two_steps(train_run: Callable[..., Path]) -> None:
    folder = train_run(*SHORT, "trainer=smoke", "trainer.device=cpu")
    assert read_checkpoint(RunFolder(folder)).progress.global_step == 2
    assert (folder / "report.html").exists()


def test_a_network_that_learned_nothing_is_warned_of(
    train_run: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    chosen = ("optimizer.lr=1e-12", "trainer.epochs=1", "evaluation.bootstrap_resamples=100")
    with caplog.at_level(logging.INFO, "astroclf"):
        run = train_run(*SHORT, *chosen)
    of_classes, warning = json.loads((run / "metrics.json").read_text())["run"]["warnings"]
    assert of_classes.startswith("Classes too small for reliable metrics")
    assert "\nstar       22    5     5" in caplog.text
    assert warning in caplog.text
    assert warning.startswith(("Every image of test is labeled ", "accuracy on test is "))
    assert warning in (run / "report.html").read_text()


def test_a_network_trains_on_votes(train_run: Callable[..., Path]) -> None:
    folder = train_run(*SHORT, "dataset.target=votes", "loss=mse", "trainer.monitor=rmse")
    metrics = json.loads((folder / "metrics.json").read_text())
    assert 0 < metrics["test"]["rmse"]["value"] < 1
    assert math.isfinite(metrics["val"]["loss"]["value"])


def test_divergence_stops_the_run_with_the_step(train_run: Callable[..., Path]) -> None:
    with pytest.raises(
        DivergenceError,
        match=r"The loss became (nan|inf) in epoch 1, step \d+: most likely the learning rate",
    ):
        train_run(*SHORT, "optimizer=sgd", "optimizer.lr=1e30", "scheduler=none")


def test_a_checkpoint_of_another_model_is_refused(
    settings: Any, simulated_dataset: ImageDataset, train_run: Callable[..., Path]
) -> None:
    stored = read_checkpoint(RunFolder(train_run(*SHORT, "trainer=smoke", "trainer.device=cpu")))
    with pytest.raises(UserError, match="does not fit the model of this run"):
        start(settings("model.widths=[4,4]"), simulated_dataset, stored)


def test_fewer_images_than_a_batch_are_warned_of(
    train_run: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    folder = train_run(*SHORT, "trainer.batch_size=1000", "trainer.epochs=1")
    warnings = json.loads((folder / "metrics.json").read_text())["run"]["warnings"]
    assert any("fewer than trainer.batch_size=1000" in warning for warning in warnings)
    assert "fewer than trainer.batch_size=1000" in caplog.text


def test_a_frozen_random_backbone_is_warned_of(
    settings: Any, config: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The hub is offline in tests, so these weights cannot be had."""
    overrides = ("model=timm", "model.name=test_resnet", "trainer=smoke", "trainer.device=cpu")
    with caplog.at_level(logging.INFO, "astroclf"):
        module.main(open_run(settings(*overrides), tmp_path))
    assert caplog.text.count("starts from RANDOM weights") >= 2, "before and after the training"
    facts = json.loads((tmp_path / "metrics.json").read_text())["run"]
    assert facts["backbone"] == "random"
    assert any("RANDOM weights" in warning for warning in facts["warnings"])
    assert "RANDOM weights" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("augment", ["none", "dihedral", "sky"])
@pytest.mark.parametrize("split", ["val", "test"])
def test_validation_and_test_are_never_augmented(
    settings: Any, simulated_dataset: ImageDataset, augment: str, split: str
) -> None:
    """Whatever happens to training images, the others are their raw pixels, normalized."""
    training = start(settings(f"augment={augment}"), simulated_dataset)
    stored = torch.from_numpy(simulated_dataset.images[simulated_dataset.indices(split)])
    expected = training.preprocess.normalize(training.preprocess.scale(stored))
    for batches in (training.loaders[split], training.image_loaders[split]):
        seen = torch.cat([batch.image for batch in batches.eval_batches()])
        assert torch.equal(seen, expected)
