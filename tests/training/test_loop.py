from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.optim.swa_utils import update_bn

from astroclf.data.dataset import ImageDataset
from astroclf.errors import Interrupted
from astroclf.tasks.build import prepare
from astroclf.tasks.training import Training
from astroclf.training.callbacks import Callback
from astroclf.training.learner import Learner
from astroclf.training.loop import DivergenceError, fit, micro_batches
from astroclf.training.progress import Progress
from fixtures.networks import MODELS
from fixtures.stops import StopAt

CPU = torch.device("cpu")


class Recorder(Callback):
    """Record the hooks that are called, and the best weights and the mode of the network in them."""

    def __init__(self) -> None:
        self.hooks: list[str] = []
        self.best: list[dict[str, Tensor]] = []
        self.is_training: list[bool] = []

    def on_train_start(self, learner: Learner) -> None:
        self.hooks.append("train_start")

    def on_step_end(self, learner: Learner) -> None:
        self.is_training.append(learner.network.training)

    def on_epoch_end(self, learner: Learner) -> None:
        self.hooks.append("epoch_end")
        self.best.append(learner.best)

    def on_interrupt(self, learner: Learner) -> None:
        self.hooks.append("interrupt")

    def on_train_end(self, learner: Learner) -> None:
        self.hooks.append("train_end")


class Fitted:
    """A training on noise, and what `fit` did with it."""

    def __init__(self, settings: Any, dataset: ImageDataset, *overrides: str) -> None:
        chosen = settings("model.widths=[4]", "model.hidden_units=[8]", *overrides)
        self.training: Training = prepare(chosen, dataset, CPU, stored=None)
        self.learner = self.training.learner
        self.recorder = Recorder()
        self.validated: list[dict[str, Tensor]] = []

    @property
    def progress(self) -> Progress:
        return self.learner.progress

    def fit(self, values: list[float] | None = None, *callbacks: Callback) -> None:
        """values: the monitored metric after each epoch; it falls without them."""

        def validate() -> dict[str, float]:
            self.validated.append(self.learner.weights())
            n = len(self.validated)
            self.learner.network.eval()
            return {"loss": 1 / n if values is None else values[n - 1]}

        fit(self.learner, self.training.loaders["train"], [self.recorder, *callbacks], validate)


@pytest.fixture
def prepared(settings: Any, make_dataset: Any) -> Callable[..., Fitted]:
    """prepared(*overrides): 16 images of noise to train on, 4 a batch."""
    return lambda *overrides: Fitted(
        settings, make_dataset(24), "trainer.batch_size=4", "trainer.epochs=5", *overrides
    )


def test_every_epoch_is_trained_and_validated(prepared: Callable[..., Fitted]) -> None:
    run = prepared("trainer.epochs=3")
    run.fit()
    history = run.progress.history
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert list(history[0]) == ["epoch", "lr", "train_loss", "val_loss", "time_s"]
    assert run.recorder.hooks == ["train_start", *["epoch_end"] * 3, "train_end"]
    assert len(run.validated) == 3
    assert (run.progress.global_step, run.progress.images) == (12, 48)


def test_the_averaged_weights_are_validated_and_kept(prepared: Callable[..., Fitted]) -> None:
    run = prepared("trainer.ema_decay=0.5", "trainer.epochs=2")
    run.fit()
    assert run.learner.ema is not None
    averaged = run.learner.ema.state_dict()["weights"]
    last = run.learner.weights()
    for name, weight in averaged.items():
        assert torch.equal(run.learner.best[name], weight)
        assert torch.equal(run.validated[-1][name], weight)
    assert any(not torch.equal(last[name], averaged[name]) for name in averaged)


def test_the_rate_of_a_row_is_that_of_its_first_step(prepared: Callable[..., Fitted]) -> None:
    run = prepared("scheduler=step", "scheduler.every_epochs=2", "optimizer.lr=1e-3")
    run.fit()
    rates = [row["lr"] for row in run.progress.history]
    assert rates == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4, 1e-5])


def test_the_best_weights_are_those_of_the_best_epoch(prepared: Callable[..., Fitted]) -> None:
    run = prepared()
    run.fit([0.5, 0.2, 0.4, 0.3, 0.6])
    best = run.learner.best
    assert run.progress.best_epoch == 2
    assert all(torch.equal(best[name], value) for name, value in run.validated[1].items())
    assert any(not torch.equal(best[name], run.validated[-1][name]) for name in best)
    assert run.recorder.best[0] is not run.recorder.best[1]
    assert run.recorder.best[1] is run.recorder.best[4] is best


@pytest.mark.parametrize(("min_delta", "epochs"), [(0.0, 5), (0.05, 3)])
def test_early_stopping_ends_a_training(
    prepared: Callable[..., Fitted], min_delta: float, epochs: int
) -> None:
    run = prepared("trainer.patience=2", f"trainer.min_delta={min_delta}")
    run.fit([0.50, 0.49, 0.48, 0.47, 0.46])
    assert run.progress.epoch == epochs


def test_all_epochs_are_trained_without_early_stopping(prepared: Callable[..., Fitted]) -> None:
    run = prepared()
    run.fit([0.1, 0.2, 0.3, 0.4, 0.5])
    assert (run.progress.epoch, run.progress.best_epoch) == (5, 1)


def test_max_steps_ends_a_training_once(prepared: Callable[..., Fitted]) -> None:
    run = prepared("trainer.max_steps=6")
    run.fit()
    assert (run.progress.global_step, run.progress.epoch) == (6, 2)
    run.fit()
    assert run.progress.epoch == 2


def test_an_epoch_interrupted_after_its_last_step_is_closed(
    prepared: Callable[..., Fitted],
) -> None:
    run = prepared("trainer.max_steps=6")
    run.progress.epoch, run.progress.epoch_step, run.progress.global_step = 1, 2, 6
    run.progress.losses = [0.5, 0.7]
    run.fit()
    assert [row["train_loss"] for row in run.progress.history] == [0.6]


class StopAfterEpoch(Callback):
    """Send SIGTERM to this process at the end of the first epoch."""

    def on_epoch_end(self, learner: Learner) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_in_the_last_epoch_interrupts_before_the_evaluation(
    prepared: Callable[..., Fitted],
) -> None:
    run = prepared("trainer.epochs=1")
    with pytest.raises(Interrupted, match="SIGTERM"):
        run.fit(None, StopAfterEpoch())
    assert len(run.progress.history) == 1
    assert run.recorder.hooks.count("epoch_end") == run.recorder.hooks.count("interrupt") == 1


def test_a_signal_interrupts_after_the_step(prepared: Callable[..., Fitted]) -> None:
    run = prepared()
    with pytest.raises(Interrupted, match="SIGTERM") as interrupted:
        run.fit(None, StopAt(6))
    progress = run.progress
    assert (progress.epoch, progress.epoch_step, progress.global_step) == (1, 2, 6)
    assert interrupted.value.state == "epoch 2, step 2"
    assert len(progress.losses) == 2
    assert all(math.isfinite(loss) for loss in progress.losses)
    assert run.recorder.hooks == ["train_start", "epoch_end", "interrupt"]


def test_accumulated_batches_are_one_step(prepared: Callable[..., Fitted]) -> None:
    run = prepared("trainer.accumulate_batches=3", "trainer.epochs=2")
    run.fit()
    assert (run.progress.global_step, run.progress.images) == (4, 32)


def test_micro_batches_are_groups_without_loss() -> None:
    groups = list(micro_batches([SimpleNamespace(n=n) for n in range(7)], 3))  # type: ignore[misc]
    assert [[batch.n for batch in group] for group in groups] == [[0, 1, 2], [3, 4, 5], [6]]  # type: ignore[attr-defined]


def test_a_rate_too_high_is_named_with_the_step(prepared: Callable[..., Fitted]) -> None:
    run = prepared("optimizer=sgd", "optimizer.lr=1e30", "scheduler=none")
    cause = r"became (nan|inf) in epoch 1, step [23]: .*learning rate is too high"
    with pytest.raises(DivergenceError, match=cause):
        run.fit()


@pytest.mark.parametrize("val_loss", [math.nan, math.inf])
def test_a_validation_loss_that_is_not_finite_is_divergence(
    prepared: Callable[..., Fitted], val_loss: float
) -> None:
    run = prepared()
    cause = r"validation loss became (nan|inf) in epoch 2: .*rate"
    with pytest.raises(DivergenceError, match=cause):
        run.fit([0.5, val_loss])
    assert run.progress.best_epoch == run.recorder.hooks.count("epoch_end") == 1


@pytest.mark.parametrize("scheduler", ["cosine", "onecycle"])
def test_a_limit_on_steps_shortens_the_schedule(
    prepared: Callable[..., Fitted], scheduler: str
) -> None:
    run = prepared(
        f"scheduler={scheduler}", "scheduler.final_factor=0", "trainer.max_steps=6",
        "optimizer.lr=0.1",
    )  # fmt: skip
    run.fit()
    assert run.progress.global_step == 6
    assert run.learner.lr == pytest.approx(0, abs=1e-12)


def test_the_schedule_of_a_limit_beyond_the_epochs_ends_with_the_epochs(
    prepared: Callable[..., Fitted],
) -> None:
    run = prepared("scheduler.final_factor=0", "trainer.max_steps=1000", "trainer.epochs=2")
    run.fit()
    assert run.learner.lr == pytest.approx(0, abs=1e-12)


def test_broken_pixels_are_named(settings: Any, make_dataset: Any) -> None:
    dataset = make_dataset(24, dtype=np.float32)
    dataset.images[3, 0, 2, 2] = np.nan
    run = Fitted(settings, dataset, "trainer.batch_size=4")
    with pytest.raises(DivergenceError, match=r"epoch 1, step 1: images of this batch hold NaN"):
        run.fit()


def test_the_network_is_in_training_mode_after_a_validation(
    prepared: Callable[..., Fitted],
) -> None:
    run = prepared("trainer.epochs=2")
    run.fit()
    assert run.recorder.is_training == [True] * 8


@pytest.mark.parametrize("model", MODELS)
def test_every_model_overfits_eight_images(settings: Any, make_dataset: Any, model: str) -> None:
    chosen = settings(
        f"model={model}", "model.pretrained=false", "model.dropout=0", "augment=none",
        "scheduler=none", "optimizer=adam", "optimizer.lr=1e-3", "trainer.batch_size=8",
    )  # fmt: skip
    training = prepare(chosen, make_dataset(8, px=64, all_train=True), CPU, stored=None)
    train, labels = training.loaders["train"], np.array([])
    batch = next(train.eval_batches())
    for _ in range(6):
        training.classifier.train()
        for _ in range(5):
            training.learner.step([batch])
        # The running means of batch norm lag behind after so few steps.
        update_bn([batch.image], training.classifier)
        labels = training.predictor.outputs(train, training.loss).logits.argmax(axis=1)
        if (labels == batch.target.numpy()).all():
            return
    pytest.fail(f"{(labels == batch.target.numpy()).mean():.0%} after 30 steps")
