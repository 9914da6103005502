"""Throughput benchmark: the training loop beside the bare training step."""

from __future__ import annotations

import logging
import statistics
import time
from dataclasses import replace

import torch

from astroclf.data.batches import Batch
from astroclf.data.dataset import TRAIN
from astroclf.data.sources import load_dataset
from astroclf.device import choose_device, describe_device, wait_for
from astroclf.files import write_json
from astroclf.interruption import StopRequest
from astroclf.models.finetune import parameter_groups
from astroclf.settings import Settings, sections
from astroclf.tasks.build import prepare
from astroclf.tasks.data_checks import describe
from astroclf.tasks.run import Run
from astroclf.tasks.training import Training
from astroclf.text_table import text_table
from astroclf.training.autotune import TrainingStep, measure
from astroclf.training.loop import train_epoch
from astroclf.training.optimizers import make_optimizer
from astroclf.training.precision import Precision, list_candidates
from astroclf.training.progress import Progress

log = logging.getLogger(__name__)


def main(run: Run) -> None:
    """Measure the bare step and the training loop in turns, and the median of loop / bare.

    The bare step is forward, loss, backward and optimizer on one batch that is ready in memory,
    in the fastest precision and memory format. The loop does what `task=train` does, with the same
    model, data and augmentation. Prints a table and writes benchmark.json.
    """
    settings, task = run.settings, run.settings.task
    assert isinstance(task, sections.Benchmark)
    start_s = time.perf_counter()
    dataset = load_dataset(settings.dataset)
    log.info(
        "%s; ready in %.1f s",
        describe(settings.dataset.name, dataset),
        time.perf_counter() - start_s,
    )
    device = choose_device(settings.trainer.device)
    training = prepare(settings, dataset, device, stored=None)
    batch = next(training.image_loaders[TRAIN].eval_batches())
    everything = settings.trainer.model_copy(update={"precision": "auto", "channels_last": "auto"})
    step = TrainingStep(training.classifier, training.loss, batch, device)
    times_s = measure(list_candidates(everything, device), step)
    fastest = min(times_s, key=lambda precision: times_s[precision])
    bare_step = BareStep(settings, training, fastest, batch)
    rounds = [
        (bare_step.images_per_s(task.steps), loop_images_per_s(training, task.steps))
        for _ in range(1 + task.rounds)
    ][1:]  # the first round warms up
    log.info(table(settings, training, batch, times_s, fastest, rounds))
    ratio = statistics.median(loop / bare for bare, loop in rounds)
    result = {
        "model": settings.model.name,
        "device": describe_device(device),
        "batch": list(batch.image.shape),
        "step_s": {str(precision): seconds for precision, seconds in times_s.items()},
        "bare_images_per_s": [bare for bare, _ in rounds],
        "loop_images_per_s": [loop for _, loop in rounds],
        "loop_over_bare": ratio,
    }
    write_json(run.folder.benchmark, result)


class BareStep:
    """Forward, loss, backward and optimizer on one batch: the lower limit of a training step."""

    def __init__(
        self, settings: Settings, training: Training, precision: Precision, batch: Batch
    ) -> None:
        self.training = training
        self.precision = precision
        self.device = training.learner.device
        self.batch = precision.place_batch(batch)
        groups = parameter_groups(training.classifier, settings.finetune, settings.optimizer.lr)
        self.optimizer = make_optimizer(settings.optimizer, groups)

    def images_per_s(self, steps: int) -> float:
        """Return images per second over that many steps."""
        network = self.precision.place(self.training.classifier, self.device).train()
        wait_for(self.device)
        start_s = time.perf_counter()
        for _ in range(steps):
            with self.precision.arithmetic():
                with self.precision.autocast(self.device):
                    logits = network(*self.batch.inputs)
                self.training.loss(logits.float(), self.batch.target).mean().backward()
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
        wait_for(self.device)
        return steps * len(self.batch.image) / (time.perf_counter() - start_s)


def loop_images_per_s(training: Training, steps: int) -> float:
    """Return images per second of the training loop, over `steps`, or an epoch if that is shorter."""
    training.learner.precision.place(training.classifier, training.learner.device)
    learner = training.learner
    learner.progress = Progress()
    learner.plan = replace(learner.plan, max_steps=steps)
    train_epoch(learner, training.loaders[TRAIN], training.callbacks, StopRequest())
    return learner.progress.images_per_s


def table(
    settings: Settings,
    training: Training,
    batch: Batch,
    times_s: dict[Precision, float],
    fastest: Precision,
    rounds: list[tuple[float, float]],
) -> str:
    """Return the printed table: every precision and memory format, then the rounds side by side."""
    bare, loop = ([pair[i] for pair in rounds] for i in (0, 1))
    ratios = [each_loop / each_bare for each_bare, each_loop in rounds]
    shape = " x ".join(str(n) for n in batch.image.shape[1:])
    title = (
        f"{settings.model.name}, {len(batch.image)} images of {shape} px a batch, augment={settings.augment.name}, "
        f"{describe_device(training.device)}, torch {torch.__version__}"
    )
    steps = [["forward and backward alone", "images/s"]]
    for precision, seconds in sorted(times_s.items(), key=lambda item: item[1]):
        steps.append([str(precision), f"{len(batch.image) / seconds:.0f}"])
    compared = [["images/s", *(f"round {i + 1}" for i in range(len(rounds))), "median"]]
    for name, values, digits in (
        (f"bare step ({fastest})", bare, 0),
        (f"loop ({training.learner.precision})", loop, 0),
        ("loop / bare", ratios, 3),
    ):
        cells = [f"{value:.{digits}f}" for value in (*values, statistics.median(values))]
        compared.append([name, *cells])
    return f"\n{title}\n\n{text_table(steps, first=32)}\n\n{text_table(compared, first=32)}"
