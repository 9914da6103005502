from __future__ import annotations

import math

import torch

from astroclf.training.monitor import Monitor
from astroclf.training.progress import Progress


def run(values: list[float], monitor: Monitor) -> tuple[Progress, list[bool]]:
    progress = Progress()
    return progress, [progress.record_epoch({"x": v}, v, monitor) for v in values]


def test_the_best_epoch_is_recorded_with_its_value() -> None:
    progress, is_best = run([1.0, 3.0, 2.0, math.nan, 4.0], Monitor("x", higher_is_better=True))
    assert is_best == [True, True, False, False, True]
    assert (progress.best_epoch, progress.best_value) == (5, 4.0)
    assert (progress.epoch, len(progress.history), progress.epochs_since_best) == (5, 5, 0)


def test_small_improvements_add_up_to_min_delta() -> None:
    _, is_best = run([1.0, 1.06, 1.12], Monitor("x", higher_is_better=True, min_delta=0.1))
    assert is_best == [True, False, True]


def test_a_finished_epoch_resets_its_steps() -> None:
    progress = Progress(epoch_step=4, losses=[1.0], global_step=4)
    progress.record_epoch({"x": 1.0}, 1.0, Monitor("x", higher_is_better=True))
    assert (progress.epoch_step, progress.losses, progress.global_step) == (0, [], 4)


def test_progress_survives_storing() -> None:
    progress, _ = run([1.0, 2.0], Monitor("x", higher_is_better=True))
    progress.lr = 0.1
    assert Progress(**progress.to_dict()) == progress


def test_throughput_is_images_per_second() -> None:
    assert Progress(train_s=2.0, images=100).images_per_s == 50
    assert Progress().images_per_s == 0


def test_stored_progress_has_plain_numbers() -> None:
    """So that a checkpoint of them can be read with weights_only."""
    progress, _ = run([1.0], Monitor("x", higher_is_better=True))
    assert not any(isinstance(value, torch.Tensor) for value in progress.to_dict().values())
