from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from torch import nn

from astroclf.tasks.figures import measured_figures
from astroclf.training.progress import Progress


def setup_after(*accuracies: float, best_epoch: int) -> Any:
    """What is left of a training with these accuracies on val, one an epoch."""
    progress = Progress()
    progress.history = [
        {"epoch": epoch, "train_loss": 0.5, "val_accuracy": accuracy}
        for epoch, accuracy in enumerate(accuracies, start=1)
    ]
    progress.best_epoch = best_epoch
    return SimpleNamespace(progress=progress, classifier=nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("objective_epoch", "accuracy"),
    [("best", 0.9), ("last", 0.7), ("mean", (0.9 + 0.5 + 0.8 + 0.6 + 0.7) / 5)],
)
def test_the_objective_is_of_the_epoch_that_was_asked_for(
    objective_epoch: str, accuracy: float
) -> None:
    setup = setup_after(0.1, 0.9, 0.5, 0.8, 0.6, 0.7, best_epoch=2)
    assert measured_figures(setup, objective_epoch)["accuracy"] == pytest.approx(accuracy)


@pytest.mark.parametrize("objective_epoch", ["best", "last", "mean"])
def test_without_a_good_epoch_there_is_no_objective(objective_epoch: str) -> None:
    figures = measured_figures(setup_after(0.5, best_epoch=0), objective_epoch)
    assert math.isnan(figures["accuracy"])
