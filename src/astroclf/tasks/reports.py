"""What a training tells of its epochs while it runs as, or in, the trial of a search."""

from __future__ import annotations

from typing import Protocol


class TrialReports(Protocol):
    """Hears of every epoch, and may end the training."""

    def report(self, epoch: int, value: float) -> None:
        """The monitored value after an epoch (1, 2, ...); raises Pruned if the trial should end."""
        ...


class SilentTrial:
    """Makes a training as light as that of a trial, and never ends it."""

    def report(self, epoch: int, value: float) -> None:
        """Does nothing."""
