"""Progress of a training: epochs and steps done, history, and the best epoch."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astroclf.training.monitor import Monitor


@dataclass
class Progress:
    """State of a training apart from weights and random generators.

    epoch: finished epochs. epoch_step: finished optimizer steps of the current epoch, losses: their
    losses, lr: the learning rate of its first one. global_step: finished optimizer steps in all.
    history: one row an epoch. train_s: seconds spent in training steps, images: number of images
    that passed through them. threads: numbers of CPU threads, in order of use.
    """

    epoch: int = 0
    epoch_step: int = 0
    losses: list[float] = field(default_factory=list)
    lr: float = math.nan
    global_step: int = 0
    history: list[dict[str, int | float]] = field(default_factory=list)
    best_epoch: int = 0
    best_value: float = math.nan
    train_s: float = 0.0
    images: int = 0
    threads: list[int] = field(default_factory=list)

    def record_epoch(self, row: dict[str, float], value: float, monitor: Monitor) -> bool:
        """Finish the epoch with its row of the history; return whether it is the best so far.

        value: of the monitored metric.
        """
        self.history.append(row)
        self.epoch += 1
        self.epoch_step, self.losses = 0, []
        is_best = monitor.is_improvement(value, self.best_value)
        if is_best:
            self.best_epoch, self.best_value = self.epoch, value
        return is_best

    def record_threads(self, number: int) -> None:
        """Record the number of CPU threads of the next steps."""
        if self.threads[-1:] != [number]:
            self.threads.append(number)

    @property
    def epochs_since_best(self) -> int:
        """Number of epochs since the best one."""
        return self.epoch - self.best_epoch

    @property
    def images_per_s(self) -> float:
        """Throughput of the training steps; 0 before the first one."""
        return self.images / self.train_s if self.train_s > 0 else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the state as plain numbers, lists and dicts, for a checkpoint."""
        return asdict(self)
