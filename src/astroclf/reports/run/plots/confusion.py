"""Confusion matrix, normalized by true or by predicted class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from astroclf.evaluation.metrics.confusion import ratio
from astroclf.reports.canvas import COLUMN_MM, INK, PAGE_MM, PALETTE, Chart, literal

# Opacity of a cell that holds all of its row or column: text on it has a contrast above 4.5.
STRONGEST, WEAKEST = 0.55, 0.04
COUNTED_UP_TO, WRITTEN_UP_TO = 6, 12  # classes; more leave no space for counts, and for shares
WIDE_FROM = 20  # classes; so many take the width of a page

Normalization = Literal["true", "predicted"]
MEANINGS = {"true": "completeness on the diagonal", "predicted": "purity on the diagonal"}


def confusion_chart(counts: np.ndarray, classes: Sequence[str], by: Normalization) -> Chart:
    """Draw the fraction of each true (or predicted) class in each cell, and its images.

    counts: (K, K), a row for each true class, a column for each predicted one.
    """
    shares = np.nan_to_num(
        ratio(counts, counts.sum(axis=1 if by == "true" else 0, keepdims=True).clip(1))
    )
    n = len(classes)

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        for row, column in np.ndindex(n, n):
            _cell(axes, row, column, float(shares[row, column]), int(counts[row, column]), n)
        names = [literal(_short(name)) for name in classes]
        rotation = 90 if n > WRITTEN_UP_TO else 0 if sum(map(len, names)) < 34 else 40
        axes.set_xticks(
            range(n), names, rotation=rotation, ha="right" if rotation == 40 else "center",
            rotation_mode="anchor" if rotation == 40 else "default",
        )  # fmt: skip
        axes.set_yticks(range(n), names)
        if n > WRITTEN_UP_TO:
            axes.tick_params(labelsize=5)
        axes.tick_params(length=0, labelcolor=INK)
        axes.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5), xlabel="predicted", ylabel="true")
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.set_box_aspect(1)

    width_mm = PAGE_MM if n >= WIDE_FROM else COLUMN_MM
    description = f"Confusion matrix normalized by {by} class: {MEANINGS[by]}"
    return Chart(f"confusion-by_{by}", description, paint, width_mm, 0.92 * width_mm)


def _cell(axes: Any, row: int, column: int, share: float, count: int, n: int) -> None:
    from matplotlib.patches import Rectangle

    alpha = WEAKEST + (STRONGEST - WEAKEST) * share
    place, gap = (column - 0.48, row - 0.48), 0.96
    axes.add_patch(Rectangle(place, gap, gap, facecolor=PALETTE[0], alpha=alpha, linewidth=0))
    if n > WRITTEN_UP_TO:
        return
    is_counted = n <= COUNTED_UP_TO
    _write(
        axes,
        row,
        column,
        f"{100 * share:.1f} %" if is_counted else f"{100 * share:.0f}",
        7.5 if is_counted else 6,
        4.5 * is_counted,
    )
    if is_counted:
        _write(axes, row, column, f"{count:,}", 6, -5)


def _write(axes: Any, row: int, column: int, text: str, size: float, up: float) -> None:
    """Write a text into a cell, so many points above its center."""
    axes.annotate(
        text, (column, row), (0, up), textcoords="offset points", ha="center", va="center",
        fontsize=size,
    )  # fmt: skip


def _short(name: str, most: int = 24) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
