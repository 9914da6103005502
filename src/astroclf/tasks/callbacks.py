"""Callbacks of a run: checkpoint, history, tracking and console; of a trial: metrics."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from astroclf.runs.checkpoint import Checkpoint, LearnerState, RandomStates, write_checkpoint
from astroclf.runs.history import append_history, write_history
from astroclf.runs.metrics import write_metrics
from astroclf.settings.metrics import METRICS
from astroclf.status import duration
from astroclf.tasks.training import Training
from astroclf.tracking.names import SELECTED, epoch_names, metric_name
from astroclf.training.callbacks import Callback
from astroclf.training.learner import Learner
from astroclf.training.plan import Plan
from astroclf.training.progress import Progress

if TYPE_CHECKING:
    from astroclf.tasks.run import Run

log = logging.getLogger(__name__)


class Checkpointing(Callback):
    """Writes the state of a training: before its first step, after each epoch, and when interrupted."""

    def __init__(self, run: Run, training: Training) -> None:
        self.folder = run.folder
        self.training = training

    def on_train_start(self, learner: Learner) -> None:
        """Write the initial state."""
        self._write(learner)

    def on_epoch_end(self, learner: Learner) -> None:
        """Write the state after the epoch."""
        self._write(learner)

    def on_interrupt(self, learner: Learner) -> None:
        """Write the state after the last step."""
        self._write(learner)

    def _write(self, learner: Learner) -> None:
        training = self.training
        checkpoint = Checkpoint(
            fingerprint=training.dataset.fingerprint,
            backbone=training.backbone,
            frozen_hash=training.frozen_hash,
            warning=training.warning,
            device_type=training.device.type,
            preprocess=training.preprocess,
            precision=training.precision,
            learner=LearnerState(**learner.state_dict()),
            best=learner.best,
            progress=learner.progress,
            random_states=RandomStates.now(),
        )
        write_checkpoint(self.folder, checkpoint)


class History(Callback):
    """Writes history.csv, one row an epoch."""

    def __init__(self, run: Run, training: Training) -> None:
        self.folder = run.folder

    def on_train_start(self, learner: Learner) -> None:
        """Write the rows of the epochs before a resume; a kill may have left one that is repeated."""
        write_history(self.folder, learner.progress.history)

    def on_epoch_end(self, learner: Learner) -> None:
        """Append the row of the epoch."""
        append_history(self.folder, learner.progress.history[-1])


class Tracking(Callback):
    """Logs the metrics of each epoch to the tracker."""

    def __init__(self, run: Run, training: Training) -> None:
        self.tracker = run.tracker

    def on_train_start(self, learner: Learner) -> None:
        """Log the epochs before a resume again: a kill may have left some of them unsent."""
        for row in learner.progress.history:
            self._log(row)

    def on_epoch_end(self, learner: Learner) -> None:
        """Log the metrics of the epoch."""
        self._log(learner.progress.history[-1])

    def _log(self, row: dict[str, float]) -> None:
        self.tracker.log_metrics(epoch_names(row), step=int(row["epoch"]))


class BestTracking(Callback):
    """Logs the validation metrics of the best epoch of a trial, whose final evaluation does not take place."""

    def __init__(self, run: Run, training: Training) -> None:
        self.tracker = run.tracker

    def on_epoch_end(self, learner: Learner) -> None:
        """Log the metrics of the epoch if it is the best one."""
        progress = learner.progress
        if progress.best_epoch == progress.epoch:
            row = progress.history[-1]
            of_val = {
                name.removeprefix("val_"): row[name] for name in row if name.startswith("val_")
            }
            self.tracker.log_metrics(
                {metric_name(SELECTED, metric): value for metric, value in of_val.items()}
            )


class Console(Callback):
    """Logs one line an epoch."""

    def __init__(self, run: Run, training: Training) -> None:
        self.positive_class = training.dataset.positive_class

    def on_epoch_end(self, learner: Learner) -> None:
        """Log losses, first metrics, and the remaining time."""
        log.info(epoch_line(learner.plan, learner.progress, self.positive_class))


class TrialMetrics(Callback):
    """Writes metrics.json of a trial after each epoch."""

    def __init__(self, run: Run, training: Training) -> None:
        self.folder = run.folder
        self.training = training
        self.objective_epoch = run.settings.search.objective_epoch

    def on_epoch_end(self, learner: Learner) -> None:
        """Write the metrics so far."""
        write_metrics(self.folder, self.training.metrics_so_far(self.objective_epoch))


RUN_CALLBACKS = (Checkpointing, History, Tracking, Console)
TRIAL_CALLBACKS = (History, BestTracking, Tracking, Console, TrialMetrics)


def epoch_line(plan: Plan, progress: Progress, positive_class: str | None) -> str:
    """Return the losses and first metrics of the last epoch, and the time left, in one line."""
    row = progress.history[-1]
    monitor = plan.monitor.metric
    shown = [monitor, "accuracy", "macro_f1", "rmse"]
    names = [name for name in dict.fromkeys(shown) if name != "loss" and f"val_{name}" in row]
    metrics = "  ".join(
        f"{METRICS[name].label(positive_class)} {row[f'val_{name}']:.4f}" for name in names
    )
    line = (
        f"epoch {row['epoch']:>3}/{plan.epochs}  train loss {row['train_loss']:.4f}  "
        f"val loss {row['val_loss']:.4f}  {metrics}  {row['time_s']:.1f} s"
    )
    left_s = plan.remaining_s(progress)
    if left_s > 0:
        line += f", {duration(left_s)} left"
    if progress.best_epoch == progress.epoch:
        line += f"  best (val {METRICS[monitor].label(positive_class)})"
    return line
