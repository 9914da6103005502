"""The figures of a training that cost nothing more: what a search compares its trials by."""

from __future__ import annotations

import math
from pathlib import Path

from astroclf.files import write_json
from astroclf.models.classifier import count_parameters
from astroclf.settings.sections import COSTS
from astroclf.tasks.setup import Setup
from astroclf.training.device import peak_memory_bytes


def measured_figures(setup: Setup) -> dict[str, float]:
    """Every metric of val at the best epoch (NaN if there is none), and what the training cost.

    The costs are those of `settings.sections.COSTS`: numbers of parameters, seconds of training,
    images a second.
    """
    progress = setup.progress
    row = progress.history[max(0, progress.best_epoch - 1)] if progress.history else {}
    known = progress.best_epoch > 0
    metrics = {
        name.removeprefix("val_"): float(value) if known else math.nan
        for name, value in row.items()
        if name.startswith("val_")
    }
    parameters, trained = count_parameters(setup.classifier)
    costs = (parameters, trained, progress.train_s, progress.images_per_s)
    return {**metrics, **dict(zip(COSTS, map(float, costs), strict=True))}


def write_trial_metrics(file: Path, setup: Setup) -> None:
    """Write metrics.json as far as the epochs tell it: the loss on train, every metric on val."""
    progress = setup.progress
    figures = measured_figures(setup)
    val = {name: _alone(value) for name, value in figures.items() if name not in COSTS}
    train = progress.history[max(0, progress.best_epoch - 1)]["train_loss"]
    run = {
        "epochs": progress.epoch,
        "best_epoch": progress.best_epoch,
        "peak_memory_mb": round(peak_memory_bytes(setup.learner.device) / 1e6),
        **{name: figures[name] for name in COSTS},
    }
    content = {"train": {"loss": _alone(train)}, "val": val, "run": run}
    write_json(file, content)


def _alone(value: float) -> dict[str, float | None]:
    """As metrics.json holds a figure, without an interval."""
    return {"value": value if math.isfinite(value) else None, "ci95": None}
