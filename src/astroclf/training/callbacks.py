"""Callback protocol of the training loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astroclf.training.learner import Learner


class Callback:
    """Observer of a training: `fit` calls the hooks of each callback, in the order of their list.

    A hook does nothing unless a subclass overrides it. It reads the state of the training from
    `learner`: `progress`, `best`, the network and the optimizer.
    """

    def on_train_start(self, learner: Learner) -> None:
        """Run before the first step, of a resumed training too."""

    def on_epoch_start(self, learner: Learner) -> None:
        """Run before the steps of an epoch, and before the remaining ones of a resumed epoch."""

    def on_step_end(self, learner: Learner) -> None:
        """Run after each optimizer step; on a GPU `progress` may be some steps behind."""

    def on_epoch_end(self, learner: Learner) -> None:
        """Run after the validation of an epoch, with its row in `learner.progress.history`."""

    def on_interrupt(self, learner: Learner) -> None:
        """Run after SIGINT, SIGTERM or SIGHUP, at the end of the current step or epoch."""

    def on_train_end(self, learner: Learner) -> None:
        """Run after the last epoch."""
