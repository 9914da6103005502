"""Debugging aids of a training, chosen by the group `debug`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import zip_longest

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from astroclf.data.dataset import TRAIN, VAL, ImageDataset
from astroclf.files import shortest
from astroclf.runs.folder import RunFolder
from astroclf.settings import Settings, sections
from astroclf.tasks.run import Run
from astroclf.training.callbacks import Callback
from astroclf.training.learner import Learner
from astroclf.training.loop import DivergenceError

log = logging.getLogger(__name__)


def debug_settings(settings: Settings) -> Settings:
    """Return the settings of a training: with debug=overfit without augmentation, schedule and early stopping."""
    debug = settings.debug
    if not isinstance(debug, sections.Overfit):
        return settings
    trainer = settings.trainer.model_copy(update={"epochs": debug.epochs, "patience": None})
    return settings.model_copy(
        update={
            "trainer": trainer,
            "augment": sections.ExactViews(name="none"),
            "scheduler": sections.Constant(name="none"),
        }
    )


def debug_dataset(settings: Settings, dataset: ImageDataset) -> ImageDataset:
    """Return the images of a training: with debug=overfit a few of train, the same as val, and no test."""
    if not isinstance(settings.debug, sections.Overfit):
        return dataset
    kept = np.tile(choose_images(dataset, settings.debug.n_images), 2)
    split = np.repeat([TRAIN, VAL], len(kept) // 2)
    ids = [f"{dataset.ids[row]} ({name})" for name, row in zip(split, kept, strict=True)]
    return replace(dataset.at(kept), ids=np.array(ids), split=split, groups=None, sky_deg=None)


def choose_images(dataset: ImageDataset, n_images: int) -> np.ndarray:
    """Return the positions of the first images of train, taking the classes in turn."""
    positions = dataset.indices(TRAIN)
    labels = dataset.leading[positions]
    by_class = [positions[labels == label] for label in range(len(dataset.exclusive_classes))]
    first = [each[:n_images] for each in by_class or [positions]]
    in_turn = [row for rows in zip_longest(*first) for row in rows if row is not None]
    return np.array(in_turn[:n_images])


def debug_callbacks(run: Run) -> list[Callback]:
    """Return the callback of the chosen debugging aid, if it has one."""
    if isinstance(run.settings.debug, sections.Overfit):
        return [StopAtFullAccuracy(run)]
    if isinstance(run.settings.debug, sections.Profile):
        return [ProfileSteps(run.folder, run.settings.debug)]
    return []


class StopAtFullAccuracy(Callback):
    """Ends a training when every image of val is classified correctly, and warns of what it measured."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def on_train_start(self, learner: Learner) -> None:
        """Warn that the metrics are no result."""
        self.run.warn(
            "debug=overfit: train and val are the same few images, so the metrics are no result. They show "
            "only whether the network can fit the images."
        )

    def on_epoch_end(self, learner: Learner) -> None:
        """End the training if the accuracy is 100 %."""
        if learner.progress.history[-1].get("val_accuracy") == 1:
            learner.plan = replace(learner.plan, epochs=learner.progress.epoch)

    def on_train_end(self, learner: Learner) -> None:
        """Log the number of epochs, or warn if some images are still misclassified."""
        progress = learner.progress
        accuracy = progress.history[-1].get("val_accuracy")
        if accuracy == 1:
            log.info("debug=overfit: accuracy 100 %% after %d epochs", progress.epoch)
        elif accuracy is not None:
            self.run.warn(
                f"debug=overfit: accuracy {accuracy:.1%} after {progress.epoch} epochs, not 100 %. Check the "
                "labels, the learning rate (optimizer.lr) and regularization (dropout, weight decay)."
            )


class ProfileSteps(Callback):
    """Profiles training steps: logs a table of operations, and writes a trace to the run folder."""

    def __init__(self, folder: RunFolder, settings: sections.Profile) -> None:
        self.folder = folder
        self.settings = settings
        self.steps = 0
        self.profiler: profile | None = None

    def on_epoch_start(self, learner: Learner) -> None:
        """Start the profile if no step is skipped."""
        self._start_when_due(learner)

    def on_step_end(self, learner: Learner) -> None:
        """Start the profile after the skipped steps, and end it after the profiled ones."""
        self.steps += 1
        self._start_when_due(learner)
        if self.steps == self.settings.skip_steps + self.settings.steps:
            self._finish(learner)

    def on_train_end(self, learner: Learner) -> None:
        """End the profile of a training with fewer steps."""
        self._finish(learner)

    def on_interrupt(self, learner: Learner) -> None:
        """End the profile of an interrupted training."""
        self._finish(learner)

    def _start_when_due(self, learner: Learner) -> None:
        if self.steps == self.settings.skip_steps and self.profiler is None:
            activities = [ProfilerActivity.CPU]
            if learner.device.type == "cuda":
                activities.append(ProfilerActivity.CUDA)
            self.profiler = profile(activities=activities)
            self.profiler.start()

    def _finish(self, learner: Learner) -> None:
        if self.profiler is None:
            return
        profiler, self.profiler = self.profiler, None
        profiler.stop()
        column = f"self_{'device' if learner.device.type == 'cuda' else 'cpu'}_time_total"
        table = profiler.key_averages().table(sort_by=column, row_limit=self.settings.rows)
        profiler.export_chrome_trace(str(self.folder.profile))
        log.info("%s\nprofile: %s", table, shortest(self.folder.profile))


@contextmanager
def detect_anomaly(settings: Settings) -> Iterator[None]:
    """Detect anomalies of autograd with debug=anomaly; raise DivergenceError for the first one.

    PyTorch warns with the traceback of the forward operation.
    """
    if settings.debug.name != "anomaly":
        yield
        return
    with torch.autograd.set_detect_anomaly(True):
        try:
            yield
        except RuntimeError as error:
            if "returned nan values" not in str(error):
                raise
            raise DivergenceError(
                f"debug=anomaly: {error} The warning above has the traceback of the forward operation."
            ) from error
