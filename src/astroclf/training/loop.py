"""Training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import torch
from torch import Tensor

from astroclf.data.batches import Batch
from astroclf.data.loader import Loader
from astroclf.device import wait_for
from astroclf.errors import Interrupted, UserError
from astroclf.interruption import StopRequest, graceful_interrupt
from astroclf.status import Status, duration, status
from astroclf.training.callbacks import Callback
from astroclf.training.learner import Learner

# Reading a loss synchronizes with the GPU, so it is done once in this many steps there.
LOSS_SYNC_INTERVAL = 20


class DivergenceError(UserError):
    """The loss is not a finite number."""


def fit(
    learner: Learner,
    loader: Loader,
    callbacks: Sequence[Callback],
    validate: Callable[[], dict[str, float]],
) -> None:
    """Train until the plan of the learner is finished; `learner.best` then has the best weights.

    learner: at its start, or in the state of an interrupted training, which is continued. A callback
    may replace its plan between epochs. validate:
    returns the metrics of the validation split, with `loss` and the monitored one among them.

    Raises Interrupted after the step in which SIGINT, SIGTERM or SIGHUP was received, and
    DivergenceError if a loss of train or val is not finite.
    """
    progress = learner.progress
    with graceful_interrupt() as stop:
        try:
            for callback in callbacks:
                callback.on_train_start(learner)
            while not learner.plan.is_finished(progress):
                stop.raise_if_made()
                start_s = time.perf_counter()
                train_epoch(learner, loader, callbacks, stop)
                validate_epoch(learner, validate, start_s)
                for callback in callbacks:
                    callback.on_epoch_end(learner)
            for callback in callbacks:
                callback.on_train_end(learner)
            stop.raise_if_made()
        except Interrupted as interrupted:
            for callback in callbacks:
                callback.on_interrupt(learner)
            if not learner.plan.is_finished(progress):
                interrupted.state = f"epoch {progress.epoch + 1}, step {progress.epoch_step}"
            raise


def train_epoch(
    learner: Learner, loader: Loader, callbacks: Sequence[Callback], stop: StopRequest
) -> None:
    """Take the remaining steps of the epoch; raises Interrupted after a step if a stop was requested."""
    plan, progress = learner.plan, learner.progress
    if progress.epoch_step == 0:
        progress.lr = learner.lr
    for callback in callbacks:
        callback.on_epoch_start(learner)
    learner.network.train()
    batches = loader.train_batches(progress.epoch, progress.epoch_step * plan.accumulate_batches)
    steps = islice(
        micro_batches(batches, plan.accumulate_batches), plan.steps_to_limit(progress.global_step)
    )
    sync_interval = 1 if learner.device.type == "cpu" else LOSS_SYNC_INTERVAL
    pending: list[Tensor] = []
    start_s = time.perf_counter()
    title = f"epoch {progress.epoch + 1}/{plan.epochs}"
    total = plan.steps_per_epoch(loader.n_batches)
    with status(title, total, done=progress.epoch_step) as shown:
        for group in steps:
            pending.append(learner.step(group))
            progress.images += sum(len(batch.image) for batch in group)
            if len(pending) >= sync_interval:
                record_losses(pending, learner, group)
                show_loss(shown, learner, loader, time.perf_counter() - start_s)
            for callback in callbacks:
                callback.on_step_end(learner)
            if stop.signal_number is not None:
                break
    if pending:
        record_losses(pending, learner, group)
    wait_for(learner.device)
    progress.train_s += time.perf_counter() - start_s
    stop.raise_if_made()


def validate_epoch(
    learner: Learner, validate: Callable[[], dict[str, float]], start_s: float
) -> None:
    """Validate with the EMA of the weights, if there is one, and record the epoch.

    start_s: of the epoch, by `time.perf_counter`.
    """
    progress, monitor = learner.progress, learner.plan.monitor
    row = {"epoch": progress.epoch + 1, "lr": progress.lr}
    row["train_loss"] = sum(progress.losses) / max(1, len(progress.losses))
    with learner.averaged():
        metrics = validate()
        require_finite(metrics["loss"], learner)
        row |= {f"val_{name}": value for name, value in metrics.items()}
        row["time_s"] = time.perf_counter() - start_s
        if progress.record_epoch(row, metrics[monitor.metric], monitor):
            learner.best = learner.weights()
    learner.schedule.after_epoch(metrics[monitor.metric])


def micro_batches(batches: Iterable[Batch], size: int) -> Iterator[list[Batch]]:
    """Group batches for gradient accumulation: one optimizer step each; the last group may be smaller."""
    rest = iter(batches)
    while group := list(islice(rest, size)):
        yield group


def record_losses(pending: list[Tensor], learner: Learner, batches: Sequence[Batch]) -> None:
    """Copy pending losses to the host, which counts their steps as done.

    batches: of the last step. Raises DivergenceError at the first loss that is not finite.
    """
    progress = learner.progress
    for value in torch.stack(pending).tolist():
        progress.epoch_step += 1
        progress.global_step += 1
        progress.losses.append(value)
        if not math.isfinite(value):
            raise DivergenceError(
                f"The loss became {value} in epoch {progress.epoch + 1}, step {progress.epoch_step}: "
                f"{likely_cause(learner, batches)}"
            )
    pending.clear()


def show_loss(shown: Status, learner: Learner, loader: Loader, elapsed_s: float) -> None:
    """Show the last loss and the remaining time of the run in the status line."""
    progress = learner.progress
    step_s = elapsed_s / (progress.epoch_step - shown.first)
    rest_s = step_s * learner.plan.steps_to_end(loader.n_batches, progress.global_step)
    note = f"loss {progress.losses[-1]:.4f}, run {duration(rest_s)} left"
    shown.update(progress.epoch_step - shown.done, note)


def require_finite(val_loss: float, learner: Learner) -> None:
    """Raise DivergenceError if the validation loss is not finite: other metrics are meaningless then."""
    if not math.isfinite(val_loss):
        raise DivergenceError(
            f"The validation loss became {val_loss} in epoch {learner.progress.epoch + 1}: "
            f"{likely_cause(learner, [])} Images of val with NaN or infinite values have the same effect."
        )


def likely_cause(learner: Learner, batches: Sequence[Batch]) -> str:
    """Return the likely cause of a loss that is not finite, and its remedy."""
    if not all(torch.isfinite(batch.image).all() for batch in batches):
        return (
            "images of this batch hold NaN or infinite values. Look for broken pixels in the data."
        )
    if learner.precision.name == "fp16":
        return "fp16 holds numbers up to 65504 only. Try trainer.precision=bf16 or fp32."
    clip = ", or set trainer.grad_clip_norm=1" if learner.rule.grad_clip_norm is None else ""
    return (
        f"most likely the learning rate is too high (it was {learner.lr:.3g}). "
        f"Lower optimizer.lr{clip}."
    )
