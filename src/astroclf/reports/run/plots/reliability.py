"""Reliability diagram."""

from __future__ import annotations

from typing import Any

import numpy as np

from astroclf.evaluation.intervals import wilson_interval
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metrics.label_sums import calibration_bin
from astroclf.reports.canvas import FAINT, MUTED, PALETTE, PAPER, Chart
from astroclf.reports.run.plots.intervals import error_bars

# Kind of labels -> names of the axes, and whether the outcomes of independent images are.
RELIABILITY_OF = {
    "classes": (
        ("probability of the most probable class", "fraction that is right", "images"),
        True,
    ),
    "votes": (("predicted fraction", "mean vote fraction", "fractions"), False),
}


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
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.7)
        if is_independent and labels.groups is None:
            bounds = [
                wilson_interval(round(hits), int(of)) for hits, of in zip(sums, n, strict=True)
            ]
            error_bars(axes, x / n, sums / n, bounds)
        else:
            axes.plot(x / n, sums / n, "o", color=PALETTE[0], markersize=3)
        axes.set(xlim=(0, 1), ylim=(-0.02, 1.02), ylabel=y_name)
        edges = np.linspace(0, 1, bins + 1)
        below.bar(
            edges[:-1], counts, width=1 / bins, align="edge", color=MUTED, edgecolor=PAPER, linewidth=0.5,
        )  # fmt: skip
        below.set(xlabel=x_name, ylabel=unit)
        figure.align_ylabels()

    return Chart(name, description, paint)
