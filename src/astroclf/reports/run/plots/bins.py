"""Accuracy, purity and completeness along a column of a catalog."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from astroclf.evaluation.metrics.bins import Bin, BinnedAccuracy, Share
from astroclf.reports.canvas import FAINT, PALETTE, Chart, legend_above, literal
from astroclf.reports.run.plots.intervals import error_bars

HEIGHT_MM = 60
CLASS_STYLES = ("o", "s", "^", "D", "v", "P")


def accuracy_bins(table: BinnedAccuracy) -> Chart:
    """Draw the accuracy with its intervals along one column; the bars across span each bin."""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        centers, spans = _places(table.rows)
        shares = np.array([row.accuracy for row in table.rows])
        axes.errorbar(centers, shares, xerr=spans, fmt="none", ecolor=FAINT, elinewidth=1.5)
        bounds = [row.ci95 or (row.accuracy, row.accuracy) for row in table.rows]
        error_bars(axes, centers, shares, bounds)
        _limit(axes, min(low for low, _ in bounds))
        axes.set(xlabel=literal(table.column), ylabel="accuracy")

    name = f"accuracy-{table.column}"
    return Chart(name, f"Accuracy along {table.column}", paint, height_mm=HEIGHT_MM)


def class_bins(
    table: BinnedAccuracy, classes: Sequence[str], metric: Literal["completeness", "purity"]
) -> Chart:
    """Draw the completeness or purity of classes along one column, with intervals.

    classes: at most six.
    """

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        centers, spans = _places(table.rows)
        lows = [1.0]
        for k, name in enumerate(classes):
            shares: list[Share | None] = [getattr(row, metric).get(name) for row in table.rows]
            there = np.array([share is not None for share in shares])
            found = [share for share in shares if share is not None]
            if not found:
                continue
            bounds = [share.ci95 or (share.value, share.value) for share in found]
            # Beside each other, so that intervals do not hide each other.
            offset = spans * 0.5 * (k - (len(classes) - 1) / 2) / len(classes)
            values = np.array([share.value for share in found])
            error_bars(
                axes, (centers + offset)[there], values, bounds, fmt=CLASS_STYLES[k], linestyle="-",
                linewidth=0.8, color=PALETTE[k], label=literal(name),
            )  # fmt: skip
            lows += [low for low, _ in bounds]
        _limit(axes, min(lows))
        axes.set(xlabel=literal(table.column), ylabel=metric)
        legend_above(figure, axes)

    description = f"{metric.capitalize()} of each class along {table.column}"
    return Chart(f"{metric}-{table.column}", description, paint, height_mm=HEIGHT_MM)


def _places(rows: Sequence[Bin]) -> tuple[np.ndarray, np.ndarray]:
    """Return the center and half the width of each bin."""
    low, high = np.array([(row.low, row.high) for row in rows]).T
    return (low + high) / 2, (high - low) / 2


def _limit(axes: Any, lowest: float) -> None:
    axes.set_ylim(max(-0.02, lowest - 0.05), 1.02)
