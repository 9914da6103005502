"""Predicted against true vote fractions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from astroclf.reports.canvas import FAINT, PALETTE, Chart
from astroclf.reports.run.plots.panels import Panels


def vote_scatter(
    predictions: np.ndarray, votes: np.ndarray, answers: Sequence[str], rmse: Sequence[str]
) -> Chart:
    """Draw predicted against true votes: a panel for each answer, with its rmse."""
    panels = Panels(len(answers))
    # Fewer images may be drawn more strongly before they merge.
    alpha = float(np.clip(200 / len(votes), 0.08, 0.7))

    def paint(figure: Any) -> None:
        for k, axes in enumerate(panels.add(figure)):
            axes.set_ylim(0, 1)
            axes.set_yticks((0, 0.5, 1), ("0", "0.5", "1"))
            axes.grid(False)
            axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.7)
            style = {"s": 1.8, "color": PALETTE[0], "alpha": alpha, "linewidths": 0}
            axes.scatter(votes[:, k], predictions[:, k], rasterized=True, **style)
            panels.title(axes, answers[k])
            axes.text(0.05, 0.86, rmse[k], fontsize=5.5, transform=axes.transAxes)
        panels.label(figure, "true vote fraction", "predicted vote fraction")

    return panels.chart("votes", "Predicted against true vote fractions", paint)
