"""Callbacks of a run and of a trial."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from astroclf.data.dataset import ImageDataset
from astroclf.runs.checkpoint import read_checkpoint
from astroclf.runs.folder import RunFolder
from astroclf.runs.history import read_history
from astroclf.tasks.build import make_plan, prepare
from astroclf.tasks.callbacks import (
    BestTracking,
    Checkpointing,
    History,
    Tracking,
    TrialMetrics,
    epoch_line,
)
from astroclf.tasks.training import Training
from astroclf.training.callbacks import Callback
from astroclf.training.progress import Progress


class FakeTracker:
    """Records the logged metrics with their steps."""

    def __init__(self) -> None:
        self.logged: list[tuple[dict[str, float], int | None]] = []

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        self.logged.append((metrics, step))


@pytest.fixture
def training(settings: Any, make_dataset: Any) -> Training:
    """Training that has not started."""
    dataset: ImageDataset = make_dataset(24)
    chosen = settings("model.widths=[4]", "model.hidden_units=[8]")
    return prepare(chosen, dataset, torch.device("cpu"), stored=None)


@pytest.fixture
def run(settings: Any, tmp_path: Path) -> Any:
    """Run in the folder of the test."""
    return SimpleNamespace(settings=settings(), folder=RunFolder(tmp_path), tracker=FakeTracker())


def end_epoch(training: Training, callback: Callback, accuracy: float) -> None:
    progress = training.progress
    row = {"epoch": progress.epoch + 1, "train_loss": 0.5, "val_accuracy": accuracy}
    monitor = training.learner.plan.monitor
    progress.record_epoch(row, -accuracy, monitor)
    callback.on_epoch_end(training.learner)


def test_history_has_a_row_an_epoch_and_starts_again_from_the_progress(
    run: Any, training: Training
) -> None:
    history = History(run, training)
    history.on_train_start(training.learner)
    end_epoch(training, history, 0.5)
    end_epoch(training, history, 0.7)
    assert [row["val_accuracy"] for row in read_history(run.folder)] == [0.5, 0.7]
    training.progress.history.pop()  # a checkpoint of the first epoch
    history.on_train_start(training.learner)
    assert [row["epoch"] for row in read_history(run.folder)] == [1]


def test_every_epoch_is_tracked_and_repeated_on_resume(run: Any, training: Training) -> None:
    tracking = Tracking(run, training)
    end_epoch(training, tracking, 0.5)
    tracking.on_train_start(training.learner)
    assert run.tracker.logged == [({"train/loss": 0.5, "val/accuracy": 0.5}, 1)] * 2


def test_a_trial_tracks_the_metrics_of_its_best_epoch(run: Any, training: Training) -> None:
    tracking = BestTracking(run, training)
    for accuracy in (0.5, 0.7, 0.6):
        end_epoch(training, tracking, accuracy)
    assert run.tracker.logged == [({"val_best/accuracy": each}, None) for each in (0.5, 0.7)]


def test_a_trial_writes_its_metrics_after_each_epoch(run: Any, training: Training) -> None:
    writer = TrialMetrics(run, training)
    for accuracy in (0.7, 0.6):
        end_epoch(training, writer, accuracy)
    content = json.loads(run.folder.metrics.read_text())
    assert content["val"]["accuracy"]["value"] == 0.7
    assert content["run"]["epochs"] == 2


@pytest.mark.parametrize("hook", ["on_train_start", "on_epoch_end", "on_interrupt"])
def test_the_state_is_written_before_after_and_at_an_interruption(
    run: Any, training: Training, hook: str
) -> None:
    training.progress.global_step = 7
    getattr(Checkpointing(run, training), hook)(training.learner)
    assert read_checkpoint(run.folder).progress.global_step == 7


def test_the_epoch_line_has_the_time_left_and_the_meaning_of_best(settings: Any) -> None:
    row = {"epoch": 2, "train_loss": 0.5, "val_loss": 0.4, "val_accuracy": 0.9, "time_s": 30.0}
    progress = Progress(epoch=2, global_step=20, history=[row], best_epoch=2)
    plan = make_plan(settings("trainer.epochs=4", "trainer.monitor=accuracy").trainer)
    assert epoch_line(plan, progress, None) == (
        "epoch   2/4  train loss 0.5000  val loss 0.4000  accuracy 0.9000  30.0 s, 60 s left  "
        "best (val accuracy)"
    )
    progress.epoch, progress.best_epoch = 4, 2
    assert epoch_line(plan, progress, None).endswith("  30.0 s")
