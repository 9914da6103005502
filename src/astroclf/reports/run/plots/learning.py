"""Learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from astroclf.reports.canvas import INK, MUTED, PALETTE, Chart, legend_above, literal

HEIGHT_MM = 62
MARKED_UP_TO = 30  # epochs; more are lines alone
LOG_RANGE = 20  # a learning rate that changes by more has a logarithmic axis

History = Sequence[Mapping[str, float]]


def loss_curves(history: History, best_epoch: int) -> Chart:
    """Draw the loss on train and val along the epochs, above the learning rate."""

    def paint(figure: Any) -> None:
        loss, rate = figure.subplots(2, 1, sharex=True, height_ratios=[3.4, 1])
        for key, color in (("train_loss", MUTED), ("val_loss", PALETTE[0])):
            _line(loss, history, key, color, key.removesuffix("_loss"))
        _line(rate, history, "lr", MUTED)
        rates = column(history, "lr")
        if np.nanmin(rates) > 0 and np.nanmax(rates) > LOG_RANGE * np.nanmin(rates):
            rate.set_yscale("log")
        loss.set_ylabel("loss")
        rate.set(xlabel="epoch", ylabel="learning rate")
        for axes in (loss, rate):
            _mark_best(axes, best_epoch, len(history))
        figure.align_ylabels()
        legend_above(figure, loss)

    description = f"Loss by epoch; the best epoch is {best_epoch}"
    return Chart("learning_loss", description, paint, height_mm=HEIGHT_MM)


def metric_curves(history: History, best_epoch: int, titles: Mapping[str, str]) -> Chart:
    """Draw metrics on val along the epochs; titles: metric -> its name in the legend."""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        for metric, color in zip(titles, PALETTE, strict=False):
            _line(axes, history, f"val_{metric}", color, titles[metric])
        axes.set(xlabel="epoch", ylabel="metric on val")
        _mark_best(axes, best_epoch, len(history))
        legend_above(figure, axes)

    description = f"{', '.join(titles.values())} on val by epoch; the best epoch is {best_epoch}"
    return Chart("learning_metrics", description, paint, height_mm=HEIGHT_MM)


def column(history: History, key: str) -> np.ndarray:
    """Return one value an epoch; NaN, which leaves a gap, where an epoch has none."""
    return np.array([float(row.get(key, np.nan)) for row in history])


def _line(axes: Any, history: History, key: str, color: str, name: str | None = None) -> None:
    marker = "o" if len(history) <= MARKED_UP_TO else None
    label = None if name is None else literal(name)
    axes.plot(
        column(history, "epoch"), column(history, key), color=color, marker=marker, label=label
    )


def _mark_best(axes: Any, best_epoch: int, n_epochs: int) -> None:
    """Mark the best epoch, on an axis of whole epochs."""
    axes.axvline(best_epoch, color=INK, linewidth=0.5, linestyle=(0, (2, 2)), zorder=1)
    axes.set_xlim(0.5, n_epochs + 0.5)
    axes.xaxis.get_major_locator().set_params(integer=True, nbins=8)
