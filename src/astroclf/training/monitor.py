"""Monitor: the validation metric that selects the best epoch and stops a training early."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Monitor:
    """Validation metric that selects the best epoch and stops a training early.

    min_delta: improvement that does not count yet. patience: epochs without an improvement after
    which training stops; None for no early stopping.
    """

    metric: str
    higher_is_better: bool
    min_delta: float = 0.0
    patience: int | None = None

    def is_improvement(self, value: float, best: float) -> bool:
        """Return whether a value improves on the best one; NaN never does, and any number improves on NaN."""
        gain = value - best if self.higher_is_better else best - value
        return not math.isnan(value) and (math.isnan(best) or gain > self.min_delta)
