"""Reports of a trial to its study, which may prune it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from astroclf.errors import Pruned
from astroclf.sweep.trial import RunningTrial
from astroclf.training.callbacks import Callback
from astroclf.training.learner import Learner


class Pruning(Callback):
    """Reports the monitored metric after each epoch, or after each of several trainings."""

    def __init__(self, trial: RunningTrial) -> None:
        self.trial = trial

    def on_epoch_end(self, learner: Learner) -> None:
        """Report the metric of the epoch; raises Pruned if the trial should end."""
        epoch, metric = learner.progress.epoch, learner.plan.monitor.metric
        value = learner.progress.history[-1][f"val_{metric}"]
        if self.trial.should_prune(epoch, value):
            raise Pruned(f"it lagged behind other trials after epoch {epoch}, at {value:.4g}")

    def on_repetition(self, values: Sequence[float]) -> None:
        """Report the mean so far, or the last value alone where the pruner compares fold by fold.

        values: of the trainings so far. Raises Pruned if the trial should end.
        """
        number, mean = len(values), statistics.fmean(values)
        value = values[-1] if self.trial.pairs_steps else mean
        if self.trial.should_prune(number, value, so_far=mean):
            raise Pruned(f"it lagged behind other trials after training {number}, at {mean:.4g}")
