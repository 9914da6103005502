from __future__ import annotations

import pytest

from astroclf.training.monitor import Monitor
from astroclf.training.plan import Plan
from astroclf.training.progress import Progress

MONITOR = Monitor("loss", higher_is_better=False)


@pytest.mark.parametrize(("patience", "expected"), [(None, False), (3, False), (2, True)])
def test_patience_counts_epochs_since_the_best(patience: int | None, expected: bool) -> None:
    plan = Plan(10, Monitor("x", higher_is_better=True, patience=patience))
    assert plan.is_finished(Progress(epoch=3, best_epoch=1, global_step=12)) == expected


@pytest.mark.parametrize(
    ("progress", "expected"),
    [
        (Progress(epoch=1, global_step=4), False),
        (Progress(epoch=2, global_step=8), True),
        (Progress(epoch=1, global_step=6), True),
        (Progress(epoch=1, epoch_step=2, global_step=6), False),
    ],
    ids=["epochs left", "all epochs", "max_steps", "an epoch to be closed"],
)
def test_a_plan_is_finished_after_its_epochs_or_steps(progress: Progress, expected: bool) -> None:
    assert Plan(2, MONITOR, max_steps=6).is_finished(progress) == expected


@pytest.mark.parametrize(("max_steps", "left"), [(None, 12), (10, 2), (8, 0), (100, 12)])
def test_the_end_is_that_of_the_epochs_or_the_steps(max_steps: int | None, left: int) -> None:
    assert Plan(5, MONITOR, max_steps).steps_to_end(4, global_step=8) == left


@pytest.mark.parametrize(("max_steps", "expected"), [(None, 30), (7, 7), (100, 30)])
def test_accumulated_batches_count_as_one_step(max_steps: int | None, expected: int) -> None:
    plan = Plan(3, MONITOR, max_steps, accumulate_batches=2)
    assert plan.steps_per_epoch(19) == 10
    assert plan.steps_to_end(19) == expected


@pytest.mark.parametrize(
    ("epochs", "max_steps", "left_s"),
    [(10, None, 60.0), (10, 55, 15.0), (4, None, 0.0), (10, 40, 0.0), (10, 1000, 60.0)],
)
def test_the_remaining_time_follows_the_last_three_epochs(
    epochs: int, max_steps: int | None, left_s: float
) -> None:
    history = [{"time_s": time_s} for time_s in (100.0, 8.0, 10.0, 12.0)]
    progress = Progress(epoch=4, global_step=40, history=history)
    assert Plan(epochs, MONITOR, max_steps).remaining_s(progress) == pytest.approx(left_s)
