"""What a training tells of its epochs while it runs as, or in, the trial of a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class TrialReports(Protocol):
    """Receives intermediate values of a trial, and may prune it."""

    def report(self, epoch: int, value: float) -> None:
        """Report the monitored value after an epoch (1, 2, ...); raises Pruned if the trial should end."""
        ...

    def report_trainings(self, values: Sequence[float]) -> None:
        """Report the monitored values of the folds or seeds so far, one each, in order.

        Raises Pruned if the trial should end.
        """
        ...


class SilentTrial:
    """Makes a training as light as that of a trial, and never ends it."""

    def report(self, epoch: int, value: float) -> None:
        """Do nothing."""

    def report_trainings(self, values: Sequence[float]) -> None:
        """Do nothing."""
