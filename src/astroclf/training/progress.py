"""How far a training has come, and which epoch was its best."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Progress:
    """Everything about a training that is neither weights nor randomness.

    epoch: finished epochs. step: finished steps of the epoch that is under way, losses: theirs, lr:
    the learning rate of its first one.
    steps: finished steps in all. history: one row an epoch. train_s: seconds spent in steps alone,
    with images: how many passed through them. threads: the numbers of CPU threads, in order of use.
    """

    epoch: int = 0
    step: int = 0
    losses: list[float] = field(default_factory=list)
    lr: float = math.nan
    steps: int = 0
    history: list[dict[str, int | float]] = field(default_factory=list)
    best_epoch: int = 0
    best_value: float = math.nan
    train_s: float = 0.0
    images: int = 0
    threads: list[int] = field(default_factory=list)

    def record(
        self, row: dict[str, float], value: float, higher_is_better: bool, min_delta: float
    ) -> bool:
        """Close the epoch with its row; returns whether it is the best so far.

        value: the monitored metric. NaN is never a gain.
        """
        self.history.append(row)
        self.epoch += 1
        self.step, self.losses = 0, []
        gain = value - self.best_value if higher_is_better else self.best_value - value
        if not math.isnan(value) and (math.isnan(self.best_value) or gain > min_delta):
            self.best_epoch, self.best_value = self.epoch, value
            return True
        return False

    def record_threads(self, number: int) -> None:
        """Record the number of threads of the steps to come."""
        if self.threads[-1:] != [number]:
            self.threads.append(number)

    def is_stale(self, patience: int | None) -> bool:
        """Whether the best epoch is further back than patience allows."""
        return patience is not None and self.epoch - self.best_epoch >= patience

    def remaining_s(self, epochs: int, max_steps: int | None) -> float:
        """Return the time of the epochs that are left, as long as the last three on average.

        epochs, max_steps: when the training ends (`sections.Trainer`). At least one epoch is done.
        """
        last = [row["time_s"] for row in self.history[-3:]]
        left = float(epochs - self.epoch)
        if max_steps is not None:
            left = min(left, (max_steps - self.steps) / (self.steps / self.epoch))
        return max(0.0, left) * sum(last) / len(last)

    @property
    def images_per_s(self) -> float:
        return self.images / self.train_s if self.train_s > 0 else 0.0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
