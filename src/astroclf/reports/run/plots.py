"""Charts of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.intervals import wilson_interval
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metrics.bins import BinnedAccuracy
from astroclf.evaluation.metrics.label_sums import calibration_bin
from astroclf.evaluation.metrics.ranking import roc_curve
from astroclf.reports.canvas import (
    FAINT,
    INK,
    MUTED,
    PAGE_MM,
    PALETTE,
    PAPER,
    PX_PER_MM,
    Chart,
    literal,
)

PANEL_PX, PANEL_INNER_PX, PANELS_PER_ROW = 166, 134, 6
# Kind of labels -> names of the axes, and whether the outcomes of independent images are.
RELIABILITY_OF = {
    "classes": (
        ("probability of the most probable class", "fraction that is right", "images"),
        True,
    ),
    "votes": (("predicted fraction", "mean vote fraction", "fractions"), False),
}


def learning_curves(
    history: Sequence[Mapping[str, float]], best_epoch: int, metrics: Sequence[str]
) -> Chart:
    """Draw loss, validation metrics and learning rate along the epochs."""
    epochs = _column(history, "epoch")
    marker = "o" if len(epochs) <= 30 else None

    def paint(figure: Any) -> None:
        loss, scores, rate = figure.subplots(1, 3)
        for key, color in (("train_loss", MUTED), ("val_loss", PALETTE[0])):
            name = key.removesuffix("_loss")
            loss.plot(epochs, _column(history, key), color=color, marker=marker, label=name)
        for metric, color in zip(metrics, PALETTE, strict=False):
            values = _column(history, f"val_{metric}")
            scores.plot(epochs, values, color=color, marker=marker, label=metric)
        rates = _column(history, "lr")
        rate.plot(epochs, rates, color=MUTED, marker=marker)
        if np.nanmin(rates) > 0 and np.nanmax(rates) > 20 * np.nanmin(rates):
            rate.set_yscale("log")
        titles = ("Loss", "Metrics on val", "Learning rate")
        for axes, title in zip((loss, scores, rate), titles, strict=True):
            axes.set_title(title)
            axes.set_xlabel("epoch")
            axes.xaxis.get_major_locator().set_params(integer=True, nbins=6)
            axes.axvline(best_epoch, color=INK, linewidth=0.45, linestyle=(0, (2, 2)), zorder=1)
        loss.legend()
        if metrics:
            scores.legend()

    return Chart(
        "learning_curves", f"Learning curves; the best epoch is {best_epoch}", paint, PAGE_MM, 51
    )


def roc_curves(predicted: Predicted, labels: Labels, legend: Sequence[str]) -> Chart:
    """Draw the curve of each class that has both images of it and others; of two, that of class 1.

    Dots mark the predicted labels. legend: a text for each class.
    """
    targets = labels.targets
    wanted = [1] if len(labels.classes) == 2 else range(len(labels.classes))
    drawn = [k for k in wanted if 0 < np.sum(targets == k) < len(targets)]
    colors = PALETTE if len(drawn) <= len(PALETTE) else [MUTED] * len(drawn)

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.6)
        for k, color in zip(drawn, colors, strict=False):
            positive = targets == k
            curve = roc_curve(predicted.probabilities[:, k], positive)
            axes.plot(*curve, color=color, label=literal(legend[k]))
            given = predicted.labels == k
            rates = np.mean(given[~positive]), np.mean(given[positive])
            axes.plot(
                *rates,
                "o",
                color=color,
                markersize=3.25,
                markeredgecolor=PAPER,
                markeredgewidth=0.5,
            )
        _square(axes, "false positive rate", "true positive rate")
        if 0 < len(drawn) <= len(PALETTE):
            axes.legend(loc="lower right")

    return Chart("roc", "ROC curves", paint)


def reliability(
    probabilities: np.ndarray, labels: Labels, bins: int, name: str, description: str
) -> Chart:
    """Draw the reliability diagram: observed against predicted frequency, above the number of predictions.

    Of classes, the fraction that is right against the probability of the most probable class, with
    intervals where the images are independent. Of votes, given and predicted fractions, all answers
    together; those of one image depend on each other, so they have no intervals.

    probabilities: (N, K).
    """
    axis_names, is_independent = RELIABILITY_OF[labels.kind]
    predicted, true = labels.reliability_pairs(probabilities)
    bin_of = calibration_bin(predicted, bins)
    counts = np.bincount(bin_of, minlength=bins)
    used = counts > 0
    n = counts[used]
    x, sums = (np.bincount(bin_of, values, bins)[used] for values in (predicted, true))
    x_name, y_name, unit = axis_names

    def paint(figure: Any) -> None:
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[4.2, 1])
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.6)
        if is_independent and labels.groups is None:
            bounds = [
                wilson_interval(round(hits), int(of)) for hits, of in zip(sums, n, strict=True)
            ]
            _error_bars(axes, x / n, sums / n, bounds)
        else:
            axes.plot(x / n, sums / n, "o", color=PALETTE[0], markersize=3)
        axes.set(xlim=(0, 1), ylim=(0, 1.02), ylabel=y_name)
        edges = np.linspace(0, 1, bins + 1)
        below.bar(
            edges[:-1],
            counts,
            width=1 / bins,
            align="edge",
            color=MUTED,
            edgecolor=PAPER,
            linewidth=0.5,
        )
        below.set(xlabel=x_name, ylabel=unit)

    return Chart(name, description, paint)


def accuracy_bins(table: BinnedAccuracy) -> Chart:
    """Draw the accuracy with its intervals along one column; the bars across span each bin."""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        centers = np.array([(row.low + row.high) / 2 for row in table.rows])
        shares = np.array([row.accuracy for row in table.rows])
        spans = np.array([(row.high - row.low) / 2 for row in table.rows])
        axes.errorbar(centers, shares, xerr=spans, fmt="none", ecolor=FAINT, elinewidth=1.5)
        bounds = [row.ci95 or (row.accuracy, row.accuracy) for row in table.rows]
        _error_bars(axes, centers, shares, bounds)
        lowest = min(low for low, _ in bounds)
        axes.set(
            xlabel=literal(table.column), ylabel="accuracy", ylim=(max(0.0, lowest - 0.08), 1.01)
        )

    return Chart(f"accuracy-{table.column}", f"Accuracy along {table.column}", paint, height_mm=56)


def vote_scatter(predictions: np.ndarray, votes: np.ndarray, titles: Sequence[str]) -> Chart:
    """Draw predicted against true votes: a panel for each answer."""
    n_columns = min(PANELS_PER_ROW, len(titles))
    n_rows = -(-len(titles) // n_columns)
    width_px, height_px = n_columns * PANEL_PX + 40, n_rows * PANEL_PX + 40
    # Fewer images may be drawn more strongly before they merge.
    alpha = float(np.clip(200 / len(votes), 0.08, 0.7))

    def paint(figure: Any) -> None:
        # Placed by hand: 37 panels that share axes take several times as long.
        for k, title in enumerate(titles):
            row, column = divmod(k, n_columns)
            bottom = height_px - 22 - row * PANEL_PX - PANEL_INNER_PX
            place = (50 + column * PANEL_PX, bottom, PANEL_INNER_PX, PANEL_INNER_PX)
            axes = figure.add_axes(np.divide(place, [width_px, height_px] * 2))
            axes.set(xlim=(0, 1), ylim=(0, 1), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
            axes.grid(False)
            axes.tick_params(labelleft=column == 0, labelbottom=k + n_columns >= len(titles))
            axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.6)
            style = {"s": 1.8, "color": PALETTE[0], "alpha": alpha, "linewidths": 0}
            axes.scatter(votes[:, k], predictions[:, k], rasterized=True, **style)
            axes.set_title(literal(title), fontsize=5.75, pad=2)
        figure.supxlabel("true vote fraction", fontsize=6.25, color=MUTED, y=4 / height_px)
        figure.supylabel("predicted", fontsize=6.25, color=MUTED, x=4 / width_px)

    return Chart(
        "votes",
        "Predicted against true votes",
        paint,
        width_px / PX_PER_MM,
        height_px / PX_PER_MM,
        layout=None,
    )


def _error_bars(
    axes: Any, x: np.ndarray, shares: np.ndarray, bounds: Sequence[tuple[float, float]]
) -> None:
    low, high = np.array(bounds).T
    lengths = np.maximum(0, [shares - low, high - shares])
    axes.errorbar(x, shares, yerr=lengths, fmt="o", color=PALETTE[0], markersize=3, elinewidth=0.7)


def _square(axes: Any, xlabel: str, ylabel: str) -> None:
    axes.set(xlim=(-0.01, 1), ylim=(0, 1.01), xlabel=xlabel, ylabel=ylabel)


def _column(history: Sequence[Mapping[str, float]], key: str) -> np.ndarray:
    """Return one value an epoch; NaN, which leaves a gap, where an epoch has none."""
    return np.array([float(row.get(key, np.nan)) for row in history])
