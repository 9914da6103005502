from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.optim.swa_utils import update_bn

from astroclf.data.dataset import ImageDataset
from astroclf.errors import Interrupted
from astroclf.interruption import StopRequest, graceful_interrupt
from astroclf.tasks.build import Setup, prepare
from astroclf.training.learner import Learner
from astroclf.training.loop import DivergenceError, fit, in_runs, run_steps_left
from astroclf.training.progress import Progress

CPU = torch.device("cpu")
MODELS = sorted(file.stem for file in (Path(__file__).parents[2] / "conf/model").glob("*.yaml"))


class Training:
    """A prepared training on noise, and what `fit` did with it."""

    def __init__(self, settings: Any, dataset: ImageDataset, *overrides: str) -> None:
        self.settings = settings("model.widths=[4]", "model.hidden_units=[8]", *overrides)
        self.setup: Setup = prepare(self.settings, dataset, CPU, stored=None)
        self.saved: list[dict[str, Tensor]] = []
        self.validations: list[dict[str, Tensor]] = []
        self.stop = StopRequest()

    @property
    def progress(self) -> Any:
        return self.setup.progress

    def fit(self, values: list[float] | None = None) -> dict[str, Tensor]:
        """values: what the monitored metric is after each epoch."""

        def validate() -> dict[str, float]:
            self.validations.append(self.setup.learner.weights())
            value = (
                1 / len(self.validations) if values is None else values[len(self.validations) - 1]
            )
            return {self.settings.trainer.monitor: value}

        return fit(
            self.setup.learner,
            self.setup.batches["train"],
            validate,
            self.saved.append,
            settings=self.settings.trainer,
            augment=self.settings.augment,
            seed=self.settings.seed,
            higher_is_better=False,
            progress=self.setup.progress,
            best=self.setup.best,
            stop=self.stop,
        )


@pytest.fixture
def training(settings: Any, make_dataset: Any) -> Callable[..., Training]:
    """training(*overrides): 16 images of noise to train on, 4 a batch."""
    return lambda *overrides: Training(
        settings, make_dataset(24), "trainer.batch_size=4", "trainer.epochs=5", *overrides
    )


def test_every_epoch_is_trained_validated_and_saved(training: Callable[..., Training]) -> None:
    run = training("trainer.epochs=3")
    run.fit()
    history = run.progress.history
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert list(history[0]) == ["epoch", "lr", "train_loss", "val_loss", "time_s"]
    assert len(run.saved) == len(run.validations) == 3
    assert (run.progress.steps, run.progress.images) == (12, 48)


def test_the_averaged_weights_are_validated_and_kept(training: Callable[..., Training]) -> None:
    run = training("trainer.ema_decay=0.5", "trainer.epochs=2")
    best = run.fit()
    average = run.setup.learner.average
    assert average is not None
    kept = average.state_dict()["average"]
    last = run.setup.learner.weights()
    assert all(torch.equal(best[name], kept[name]) for name in kept)
    assert all(torch.equal(run.validations[-1][name], kept[name]) for name in kept)
    assert any(not torch.equal(last[name], kept[name]) for name in kept)


def test_the_rate_of_a_row_is_that_of_its_first_step(training: Callable[..., Training]) -> None:
    run = training("scheduler=step", "scheduler.every_epochs=2", "optimizer.lr=1e-3")
    run.fit()
    assert [row["lr"] for row in run.progress.history] == pytest.approx(
        [1e-3, 1e-3, 1e-4, 1e-4, 1e-5]
    )


def test_the_best_weights_are_those_of_the_best_epoch(training: Callable[..., Training]) -> None:
    run = training()
    best = run.fit([0.5, 0.2, 0.4, 0.3, 0.6])
    assert run.progress.best_epoch == 2
    assert all(torch.equal(best[name], value) for name, value in run.validations[1].items())
    last = run.validations[-1]
    assert any(not torch.equal(best[name], last[name]) for name in best)
    assert run.saved[0] is not run.saved[1]
    assert run.saved[1] is run.saved[4] is best


@pytest.mark.parametrize(("min_delta", "epochs"), [(0.0, 5), (0.05, 3)])
def test_patience_ends_a_training(
    training: Callable[..., Training], min_delta: float, epochs: int
) -> None:
    run = training("trainer.patience=2", f"trainer.min_delta={min_delta}")
    run.fit([0.50, 0.49, 0.48, 0.47, 0.46])
    assert run.progress.epoch == epochs


def test_without_patience_all_epochs_are_done(training: Callable[..., Training]) -> None:
    run = training()
    run.fit([0.1, 0.2, 0.3, 0.4, 0.5])
    assert (run.progress.epoch, run.progress.best_epoch) == (5, 1)


def test_steps_can_be_limited(training: Callable[..., Training]) -> None:
    run = training("trainer.max_steps=6")
    run.fit()
    assert (run.progress.steps, run.progress.epoch) == (6, 2)
    run.fit()
    assert run.progress.epoch == 2, "what is done is not done again"


def test_an_epoch_that_stopped_at_the_last_step_is_closed(
    training: Callable[..., Training],
) -> None:
    run = training("trainer.max_steps=6")
    run.progress.epoch, run.progress.step, run.progress.steps = 1, 2, 6
    run.progress.losses = [0.5, 0.7]
    run.fit()
    assert [row["train_loss"] for row in run.progress.history] == [0.6]


def test_a_stop_in_the_last_validation_is_heeded(training: Callable[..., Training]) -> None:
    run = training("trainer.epochs=1")
    learner = run.setup.learner

    def stop_in_validation() -> dict[str, Tensor]:
        run.stop.signal_number = signal.SIGTERM
        return Learner.weights(learner)

    learner.weights = stop_in_validation  # type: ignore[method-assign]
    with pytest.raises(Interrupted):
        run.fit()
    assert len(run.saved) == len(run.progress.history) == 1


def test_accumulated_batches_are_one_step(training: Callable[..., Training]) -> None:
    run = training("trainer.accumulate_batches=3", "trainer.epochs=2")
    run.fit()
    assert (run.progress.steps, run.progress.images) == (4, 32)


def test_runs_of_batches_lose_none() -> None:
    runs = list(in_runs([SimpleNamespace(n=n) for n in range(7)], 3))  # type: ignore[list-item,misc]
    assert [[batch.n for batch in run] for run in runs] == [[0, 1, 2], [3, 4, 5], [6]]  # type: ignore[attr-defined]


def test_a_rate_too_high_is_named_with_the_step(training: Callable[..., Training]) -> None:
    run = training("optimizer=sgd", "optimizer.lr=1e30", "scheduler=none")
    with pytest.raises(
        DivergenceError,
        match=r"became (nan|inf) in epoch 1, step [23]: .*learning rate is too high",
    ):
        run.fit()


@pytest.mark.parametrize("val_loss", [math.nan, math.inf])
def test_a_validation_loss_that_is_not_finite_is_divergence(
    training: Callable[..., Training], val_loss: float
) -> None:
    run = training()
    with pytest.raises(
        DivergenceError, match=r"validation loss became (nan|inf) in epoch 2: .*rate"
    ):
        run.fit([0.5, val_loss])
    assert run.progress.best_epoch == len(run.saved) == 1


@pytest.mark.parametrize("scheduler", ["cosine", "onecycle"])
def test_a_limit_on_steps_shortens_the_schedule(
    training: Callable[..., Training], scheduler: str
) -> None:
    run = training(
        f"scheduler={scheduler}",
        "scheduler.final_factor=0",
        "trainer.max_steps=6",
        "optimizer.lr=0.1",
    )
    run.fit()
    assert run.progress.steps == 6
    assert run.setup.learner.lr == pytest.approx(0, abs=1e-12)


def test_the_schedule_of_a_limit_beyond_the_epochs_ends_with_the_epochs(
    training: Callable[..., Training],
) -> None:
    run = training("scheduler.final_factor=0", "trainer.max_steps=1000", "trainer.epochs=2")
    run.fit()
    assert run.setup.learner.lr == pytest.approx(0, abs=1e-12)


def test_broken_pixels_are_named(settings: Any, make_dataset: Any) -> None:
    dataset = make_dataset(24, dtype=np.float32)
    dataset.images[3, 0, 2, 2] = np.nan
    run = Training(settings, dataset, "trainer.batch_size=4")
    with pytest.raises(DivergenceError, match=r"epoch 1, step 1: images of this batch hold NaN"):
        run.fit()


def test_a_stop_comes_after_the_step(training: Callable[..., Training]) -> None:
    run = training()
    step, calls = run.setup.learner.step, []

    def step_and_stop(batches: Any) -> Tensor:
        calls.append(1)
        if len(calls) == 6:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(batches)

    run.setup.learner.step = step_and_stop  # type: ignore[method-assign]
    with pytest.raises(Interrupted, match="SIGTERM"), graceful_interrupt() as run.stop:
        run.fit()
    assert (run.progress.epoch, run.progress.step, run.progress.steps) == (1, 2, 6)
    assert len(run.progress.losses) == 2
    assert all(math.isfinite(loss) for loss in run.progress.losses)


def test_dropout_and_batch_norm_learn_again_after_a_validation(
    training: Callable[..., Training],
) -> None:
    run = training("trainer.epochs=2")
    modes = []
    step = run.setup.learner.step

    def watch(batches: Any) -> Tensor:
        modes.append(run.setup.classifier.training)
        return step(batches)

    run.setup.learner.step = watch  # type: ignore[method-assign]
    run.setup.classifier.eval()
    run.fit()
    assert modes == [True] * 8


@pytest.mark.parametrize("model", MODELS)
def test_eight_images_are_learnt_by_heart(settings: Any, make_dataset: Any, model: str) -> None:
    chosen = settings(
        f"model={model}",
        "model.pretrained=false",
        "model.dropout=0",
        "augment=none",
        "scheduler=none",
        "optimizer=adam",
        "optimizer.lr=1e-3",
        "trainer.batch_size=8",
    )
    dataset = make_dataset(8, px=64, all_train=True)
    setup = prepare(chosen, dataset, CPU, stored=None)
    train = setup.batches["train"]
    batch = next(train.in_order())
    for _ in range(6):
        setup.classifier.train()
        for _ in range(5):
            setup.learner.step([batch])
        # The running means of batch norm are far behind after so few steps.
        update_bn([batch.image], setup.classifier)
        labels = setup.predictor.outputs(train, setup.loss).logits.argmax(axis=1)
        if (labels == batch.target.numpy()).all():
            return
    pytest.fail(f"{(labels == batch.target.numpy()).mean():.0%} after 30 steps")


@pytest.mark.parametrize(("max_steps", "left"), [("null", 12), ("10", 2), ("8", 0), ("100", 12)])
def test_the_steps_left_end_with_the_epochs_or_the_steps(
    training: Callable[..., Training], max_steps: str, left: int
) -> None:
    run = training(f"trainer.max_steps={max_steps}")  # 5 epochs of 4 steps
    run.progress.steps = 8
    assert run_steps_left(run.setup.batches["train"], run.settings.trainer, run.progress) == left


@pytest.mark.parametrize(("max_steps", "expected"), [("null", 30), ("7", 7), ("100", 30)])
def test_steps_of_a_run_end_at_max_steps(settings: Any, max_steps: str, expected: int) -> None:
    chosen = settings(
        "trainer.epochs=3", "trainer.accumulate_batches=2", f"trainer.max_steps={max_steps}"
    )
    train: Any = SimpleNamespace(steps=19)
    assert run_steps_left(train, chosen.trainer, Progress()) == expected
