"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import torch
from torch import Tensor

from astroclf.data.loader import Batch, Epochs
from astroclf.device import wait_for
from astroclf.errors import UserError
from astroclf.interruption import StopRequest
from astroclf.settings import sections
from astroclf.status import duration, status
from astroclf.training.learner import Learner
from astroclf.training.progress import Progress

# Looking at a loss makes the program wait for the GPU, so there it is done this seldom.
STEPS_BETWEEN_LOOKS = 20


class DivergenceError(UserError):
    """The loss is no longer a finite number."""


def fit(
    learner: Learner,
    train: Epochs,
    validate: Callable[[], dict[str, float]],
    save: Callable[[dict[str, Tensor]], None],
    *,
    settings: sections.Trainer,
    augment: sections.Augment | sections.Sky,
    seed: int,
    higher_is_better: bool,
    progress: Progress,
    best: dict[str, Tensor],
    stop: StopRequest,
) -> dict[str, Tensor]:
    """Train until the epochs, the steps or the patience are used up; returns the best weights.

    validate: scores of the validation split, by metric. save: keeps the state and the best weights,
    after every epoch. progress and best: where a stopped run had come to; progress is kept up to
    date. Raises Interrupted after the step in which a stop was requested, and DivergenceError if the
    loss of train or val is not finite.
    """
    while goes_on(settings, progress):
        stop.raise_if_made()
        if progress.step == 0:
            progress.lr = learner.lr
        start_s = time.perf_counter()
        train_epoch(learner, train, settings, augment, seed, progress, stop)
        row = {"epoch": progress.epoch + 1, "lr": progress.lr}
        row["train_loss"] = sum(progress.losses) / max(1, len(progress.losses))
        with learner.averaged():
            scores = validate()
            require_finite(scores["loss"], learner, progress)
            row |= {f"val_{name}": value for name, value in scores.items()}
            row["time_s"] = time.perf_counter() - start_s
            monitored = scores[settings.monitor]
            if progress.record(row, monitored, higher_is_better, settings.min_delta):
                best = learner.weights()
        learner.schedule.after_epoch(monitored)
        save(best)
    stop.raise_if_made()  # what would come next is for a run that may go on
    return best


def goes_on(settings: sections.Trainer, progress: Progress) -> bool:
    """Whether there is an epoch to train, or one under way that must be closed."""
    if progress.step > 0:
        return True
    is_over = progress.epoch >= settings.epochs or steps_left(settings, progress) == 0
    return not is_over and not progress.is_stale(settings.patience)


def train_epoch(
    learner: Learner,
    train: Epochs,
    settings: sections.Trainer,
    augment: sections.Augment | sections.Sky,
    seed: int,
    progress: Progress,
    stop: StopRequest,
) -> None:
    """The steps of one epoch that are still to be taken."""
    learner.begin_epoch(progress.epoch)
    learner.network.train()
    first = progress.step * settings.accumulate_batches
    batches = train.shuffled(augment, seed, progress.epoch, first)
    steps = islice(in_runs(batches, settings.accumulate_batches), steps_left(settings, progress))
    look_every = 1 if learner.device.type == "cpu" else STEPS_BETWEEN_LOOKS
    unseen: list[Tensor] = []
    clock_s = time.perf_counter()
    title = f"epoch {progress.epoch + 1}/{settings.epochs}"
    with status(title, steps_of_epoch(train, settings), done=progress.step) as shown:
        for run in steps:
            unseen.append(learner.step(run))
            progress.images += sum(len(batch.image) for batch in run)
            if len(unseen) >= look_every:
                look_at(unseen, learner, run, progress)
                step_s = (time.perf_counter() - clock_s) / (progress.step - shown.first)
                rest_s = step_s * run_steps_left(train, settings, progress)
                note = f"loss {progress.losses[-1]:.4f}, run {duration(rest_s)} left"
                shown.update(progress.step - shown.done, note)
            if stop.signal_number is not None:
                break
    if unseen:
        look_at(unseen, learner, run, progress)
    wait_for(learner.device)
    progress.train_s += time.perf_counter() - clock_s
    stop.raise_if_made()


def steps_of_epoch(train: Epochs, settings: sections.Trainer) -> int:
    """Return the number of optimizer steps of a whole epoch."""
    return math.ceil(train.steps / settings.accumulate_batches)


def run_steps_left(train: Epochs, settings: sections.Trainer, progress: Progress) -> int:
    """Return the number of steps until the end of the run, if patience does not end it before."""
    in_epochs = settings.epochs * steps_of_epoch(train, settings) - progress.steps
    limit = steps_left(settings, progress)
    return in_epochs if limit is None else min(in_epochs, limit)


def steps_left(settings: sections.Trainer, progress: Progress) -> int | None:
    """How many more steps the run may take, or None for any number."""
    return None if settings.max_steps is None else max(0, settings.max_steps - progress.steps)


def in_runs(batches: Iterable[Batch], length: int) -> Iterator[list[Batch]]:
    """Batches in runs of that length, whose gradients one step adds up; the last may be shorter."""
    waiting = iter(batches)
    while run := list(islice(waiting, length)):
        yield run


def look_at(losses: list[Tensor], learner: Learner, run: list[Batch], progress: Progress) -> None:
    """Note the losses of the steps since the last look; raises DivergenceError at the first that is off."""
    for value in torch.stack(losses).tolist():  # waits for the device
        progress.step += 1
        progress.steps += 1
        progress.losses.append(value)
        if not math.isfinite(value):
            raise DivergenceError(
                f"The loss became {value} in epoch {progress.epoch + 1}, step {progress.step}: "
                f"{likely_cause(learner, run)}"
            )
    losses.clear()


def require_finite(val_loss: float, learner: Learner, progress: Progress) -> None:
    """Raise DivergenceError if the validation loss is not finite: the metrics of such a network,
    accuracy among them, are numbers that mean nothing."""
    if not math.isfinite(val_loss):
        raise DivergenceError(
            f"The validation loss became {val_loss} in epoch {progress.epoch + 1}: {likely_cause(learner, [])} "
            "Images of val that hold NaN or infinite values have the same effect."
        )


def likely_cause(learner: Learner, run: list[Batch]) -> str:
    if not all(torch.isfinite(batch.image).all() for batch in run):
        return (
            "images of this batch hold NaN or infinite values; look for broken pixels in the data."
        )
    if learner.numerics.precision == "fp16":
        return "fp16 holds numbers up to 65504 only; try trainer.precision=bf16 or fp32."
    or_clip = ", or set trainer.grad_clip_norm=1" if learner.grad_clip_norm is None else ""
    return (
        f"most likely the learning rate is too high (it was {learner.lr:.3g}); "
        f"lower optimizer.lr{or_clip}."
    )
