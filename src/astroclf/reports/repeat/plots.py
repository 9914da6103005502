"""Charts of several seeds or folds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from astroclf.evaluation.metrics.confusion import ratio
from astroclf.reports.canvas import COLUMN_MM, INK, PAGE_MM, PALETTE, Chart, literal
from astroclf.reports.repeat.content import Spread, TrainingLine

MOST_CLASSES_WITH_NUMBERS = 12


def spread_points(metric: str, label: str, spread: Spread, names: Sequence[str]) -> Chart:
    """Draw a metric of each training, with the mean and its interval.

    label: name of the metric for readers. names: of the trainings, such as "seed-1".
    """

    def paint(figure: Any) -> None:
        axes, places = figure.subplots(), np.arange(len(names))
        if spread.ci95 is not None:
            axes.axhspan(*spread.ci95, color=PALETTE[5], alpha=0.25, linewidth=0)
        if spread.value is not None:
            axes.axhline(spread.value, color=INK, linewidth=0.8)
        values = [np.nan if value is None else value for value in spread.values]
        axes.plot(places, values, "o", color=PALETTE[0], markersize=3.5)
        axes.set(xlim=(-0.6, len(names) - 0.4), xlabel=names[0].rpartition("-")[0])
        axes.set_xticks(places, [literal(name.rpartition("-")[2]) for name in names])
        axes.set_title(literal(label))
        axes.grid(axis="x", visible=False)

    return Chart(f"spread-{metric}", f"{label} of each training", paint, COLUMN_MM, 42)


def monitored_curves(trainings: Sequence[TrainingLine], monitor: str) -> Chart:
    """Draw the monitored metric on val along the epochs of each training; a dot marks its best one."""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        for number, each in enumerate(trainings):
            color = PALETTE[number % len(PALETTE)]
            axes.plot(
                list(each.curve), list(each.curve.values()), color=color, label=literal(each.name)
            )
            if each.best_epoch in each.curve:
                axes.plot(each.best_epoch, each.curve[each.best_epoch], "o", color=color)
        axes.set(xlabel="epoch", ylabel=f"val {monitor}")
        axes.xaxis.get_major_locator().set_params(integer=True)
        if len(trainings) <= len(PALETTE):
            figure.legend(loc="outside right upper")

    return Chart("curves", f"val {monitor} of each training by epoch", paint, PAGE_MM, 62)


def confusion_shares(counts: np.ndarray, classes: Sequence[str]) -> tuple[Chart, Chart]:
    """Draw the confusion matrix as shares of the true classes, and of the predicted ones.

    counts: (K, K) images, a row for each true class.
    """
    by_truth = ratio(counts, counts.sum(axis=1, keepdims=True))
    by_label = ratio(counts, counts.sum(axis=0, keepdims=True))
    return (
        _matrix("confusion-true", by_truth, classes, "shares of the true class (completeness)"),
        _matrix("confusion-predicted", by_label, classes, "shares of the predicted class (purity)"),
    )


def _matrix(name: str, shares: np.ndarray, classes: Sequence[str], title: str) -> Chart:
    """Draw (K, K) shares as shaded cells; NaN, of a class without images, as an empty one."""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        for row, column in np.ndindex(shares.shape):
            _cell(axes, row, column, float(shares[row, column]), len(classes))
        places, names = np.arange(len(classes)), [literal(each) for each in classes]
        many = len(classes) > 3
        axes.set_xticks(places, names, rotation=45 if many else 0, ha="right" if many else "center")
        axes.set_yticks(places, names)
        axes.set(xlim=(-0.5, len(classes) - 0.5), ylim=(len(classes) - 0.5, -0.5))
        axes.set(xlabel="predicted", ylabel="truth")
        axes.set_title(title)
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)

    height = 38 + 6 * min(len(classes), MOST_CLASSES_WITH_NUMBERS)
    return Chart(name, f"Confusion matrix, {title}", paint, COLUMN_MM, height)


def _cell(axes: Any, row: int, column: int, share: float, n_classes: int) -> None:
    """Draw a cell whose shade is light enough for its number in any color of the page."""
    from matplotlib.patches import Rectangle

    if not np.isfinite(share):
        return
    alpha = 0.03 + 0.42 * share
    corner = (column - 0.48, row - 0.48)
    axes.add_patch(Rectangle(corner, 0.96, 0.96, facecolor=PALETTE[0], alpha=alpha, linewidth=0))
    if n_classes <= MOST_CLASSES_WITH_NUMBERS:
        axes.text(column, row, f"{share:.1%}", ha="center", va="center", color=INK, fontsize=6)
