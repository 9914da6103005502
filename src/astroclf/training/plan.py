"""Length of a training: epochs, optimizer steps, and early stopping."""

from __future__ import annotations

import math
from dataclasses import dataclass

from astroclf.training.monitor import Monitor
from astroclf.training.progress import Progress


@dataclass(frozen=True)
class Plan:
    """Number of epochs and optimizer steps of a training.

    max_steps: optimizer steps after which training ends before its last epoch; None for no limit.
    accumulate_batches: batches per optimizer step (gradient accumulation).
    """

    epochs: int
    monitor: Monitor
    max_steps: int | None = None
    accumulate_batches: int = 1

    def steps_per_epoch(self, n_batches: int) -> int:
        """Return the number of optimizer steps of an epoch of that many batches."""
        return math.ceil(n_batches / self.accumulate_batches)

    def steps_to_end(self, n_batches: int, global_step: int = 0) -> int:
        """Return the number of steps from a global step to the end, without early stopping."""
        steps = self.epochs * self.steps_per_epoch(n_batches) - global_step
        limit = self.steps_to_limit(global_step)
        return steps if limit is None else min(steps, limit)

    def steps_to_limit(self, global_step: int) -> int | None:
        """Return the number of steps that max_steps still allows, or None for any number."""
        return None if self.max_steps is None else max(0, self.max_steps - global_step)

    def is_finished(self, progress: Progress) -> bool:
        """Return whether no epoch is left to train, and none is under way."""
        if progress.epoch_step > 0:
            return False
        patience = self.monitor.patience
        is_stale = patience is not None and progress.epochs_since_best >= patience
        is_over = progress.epoch >= self.epochs or self.steps_to_limit(progress.global_step) == 0
        return is_over or is_stale

    def remaining_s(self, progress: Progress) -> float:
        """Return the time of the remaining epochs, each as long as the last three on average.

        progress: with one epoch done or more.
        """
        last = [row["time_s"] for row in progress.history[-3:]]
        epochs = float(self.epochs - progress.epoch)
        steps = self.steps_to_limit(progress.global_step)
        if steps is not None:
            epochs = min(epochs, steps / (progress.global_step / progress.epoch))
        return max(0.0, epochs) * sum(last) / len(last)
