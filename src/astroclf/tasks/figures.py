"""The figures of a training that cost nothing more: what a search compares its trials by."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from astroclf.device import peak_memory_bytes
from astroclf.models.classifier import count_parameters
from astroclf.runs.metrics import Metrics
from astroclf.settings.metrics import COSTS
from astroclf.tasks.build import Setup
from astroclf.training.progress import Progress

AVERAGED_EPOCHS = 5  # that objective_epoch=mean averages


def measured_figures(setup: Setup, objective_epoch: str = "best") -> dict[str, float]:
    """Return every metric of val (NaN where no epoch was good), and what the training cost.

    objective_epoch: "best" by the monitored metric, "last", or "mean" of the last epochs. The best of
    many epochs is a maximum, which favors noisy learning curves.

    The costs are those of `settings.metrics.COSTS`: numbers of parameters, seconds of training,
    images a second.
    """
    progress = setup.progress
    rows = _epochs(progress, objective_epoch)
    known = progress.best_epoch > 0
    metrics = {
        name.removeprefix("val_"): _mean(rows, name) if known else math.nan
        for name in (rows[0] if rows else ())
        if name.startswith("val_")
    }
    parameters, trained = count_parameters(setup.classifier)
    costs = (parameters, trained, progress.train_s, progress.images_per_s)
    return {**metrics, **dict(zip(COSTS, map(float, costs), strict=True))}


def _epochs(progress: Progress, which: str) -> list[dict[str, float]]:
    history = progress.history
    if which == "best":
        return history[max(0, progress.best_epoch - 1) :][:1]
    return history[-1:] if which == "last" else history[-AVERAGED_EPOCHS:]


def _mean(rows: Sequence[Mapping[str, float]], name: str) -> float:
    return statistics.fmean(row[name] for row in rows)


def trial_metrics(setup: Setup, objective_epoch: str) -> Metrics:
    """Return the content of metrics.json that the epochs give: the loss on train, every metric on val."""
    progress = setup.progress
    figures = measured_figures(setup, objective_epoch)
    val = {name: _entry(value) for name, value in figures.items() if name not in COSTS}
    train = _mean(_epochs(progress, objective_epoch), "train_loss")
    run = {
        "epochs": progress.epoch,
        "best_epoch": progress.best_epoch,
        "peak_memory_mb": round(peak_memory_bytes(setup.device) / 1e6),
        **{name: int(figures[name]) if "parameters" in name else figures[name] for name in COSTS},
    }
    return Metrics.of({"train": {"loss": _entry(train)}, "val": val, "run": run})


def _entry(value: float) -> dict[str, float | None]:
    """Return the entry of a metric without an interval."""
    return {"value": value if math.isfinite(value) else None, "ci95": None}
