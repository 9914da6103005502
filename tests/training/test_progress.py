from __future__ import annotations

import math

import pytest
import torch

from astroclf.training.progress import Progress


def run(
    values: list[float], *, higher: bool, min_delta: float = 0.0
) -> tuple[Progress, list[bool]]:
    progress = Progress()
    return progress, [progress.record({"x": v}, v, higher, min_delta) for v in values]


@pytest.mark.parametrize("higher", [True, False])
def test_the_best_epoch_is_the_one_with_the_best_value(higher: bool) -> None:
    sign = 1 if higher else -1
    progress, is_best = run([sign * v for v in (1.0, 3.0, 2.0, 3.0, 4.0)], higher=higher)
    assert is_best == [True, True, False, False, True]
    assert (progress.best_epoch, progress.best_value) == (5, sign * 4.0)
    assert (progress.epoch, len(progress.history)) == (5, 5)


def test_a_gain_must_be_larger_than_asked() -> None:
    progress, is_best = run([1.0, 1.05, 1.2], higher=True, min_delta=0.1)
    assert is_best == [True, False, True]
    assert progress.best_epoch == 3


def test_small_gains_add_up() -> None:
    _, is_best = run([1.0, 1.06, 1.12], higher=True, min_delta=0.1)
    assert is_best == [True, False, True]


def test_nan_is_never_best() -> None:
    progress, is_best = run([math.nan, 0.5, math.nan, 0.6], higher=False)
    assert is_best == [False, True, False, False]
    assert progress.best_epoch == 2


def test_patience_counts_epochs_since_the_best() -> None:
    progress, _ = run([1.0, 0.9, 0.8], higher=True)
    assert not progress.is_stale(None)
    assert not progress.is_stale(3)
    assert progress.is_stale(2)


def test_an_epoch_forgets_its_steps() -> None:
    progress = Progress(step=4, losses=[1.0], steps=4)
    progress.record({"x": 1.0}, 1.0, True, 0.0)
    assert (progress.step, progress.losses, progress.steps) == (0, [], 4)


def test_it_can_be_stored_and_put_back() -> None:
    progress, _ = run([1.0, 2.0], higher=True)
    progress.lr = 0.1
    assert Progress(**progress.to_dict()) == progress


def test_speed_is_images_over_seconds() -> None:
    assert Progress(train_s=2.0, images=100).images_per_s == 50
    assert Progress().images_per_s == 0


def test_its_numbers_are_plain() -> None:
    """So that a checkpoint of them can be read with weights_only."""
    progress, _ = run([1.0], higher=True)
    assert not any(isinstance(value, torch.Tensor) for value in progress.to_dict().values())


@pytest.mark.parametrize(
    ("epochs", "max_steps", "left_s"),
    [(10, None, 60.0), (10, 55, 15.0), (4, None, 0.0), (10, 40, 0.0), (10, 1000, 60.0)],
)
def test_the_time_left_is_that_of_the_last_epochs(
    epochs: int, max_steps: int | None, left_s: float
) -> None:
    history = [{"time_s": time_s} for time_s in (100.0, 8.0, 10.0, 12.0)]
    progress = Progress(epoch=4, steps=40, history=history)
    assert progress.remaining_s(epochs, max_steps) == pytest.approx(left_s)
