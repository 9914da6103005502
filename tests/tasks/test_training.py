from __future__ import annotations

import math
from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import pytest
from torch import nn

from astroclf.tasks.training import Training
from astroclf.training.progress import Progress


def training_after(*accuracies: float, best_epoch: int) -> Any:
    """Training with these accuracies on val, one an epoch."""
    progress = Progress()
    progress.history = [
        {"epoch": epoch, "train_loss": 0.5, "val_accuracy": accuracy}
        for epoch, accuracy in enumerate(accuracies, start=1)
    ]
    progress.best_epoch = best_epoch
    others = dict.fromkeys(field.name for field in fields(Training))
    learner: Any = SimpleNamespace(progress=progress)
    return Training(**{**others, "learner": learner, "classifier": nn.Linear(2, 2)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("objective_epoch", "accuracy"),
    [("best", 0.9), ("last", 0.7), ("mean", (0.9 + 0.5 + 0.8 + 0.6 + 0.7) / 5)],
)
def test_the_objective_is_that_of_the_chosen_epoch(objective_epoch: str, accuracy: float) -> None:
    training = training_after(0.1, 0.9, 0.5, 0.8, 0.6, 0.7, best_epoch=2)
    assert training.measured(objective_epoch)["accuracy"] == pytest.approx(accuracy)


@pytest.mark.parametrize("objective_epoch", ["best", "last", "mean"])
def test_the_objective_is_nan_without_a_best_epoch(objective_epoch: str) -> None:
    measured = training_after(0.5, best_epoch=0).measured(objective_epoch)
    assert math.isnan(measured["accuracy"])
