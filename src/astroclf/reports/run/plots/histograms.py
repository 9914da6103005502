"""Histograms of the probability of each class."""

from __future__ import annotations

from typing import Any

import numpy as np

from astroclf.evaluation.labels import Labels
from astroclf.reports.canvas import MUTED, PALETTE, Chart, legend_above, literal
from astroclf.reports.run.plots.panels import Panels
from astroclf.reports.run.plots.ranking import class_color

BINS = 20
MOST_PANELS = 12


def probability_histograms(probabilities: np.ndarray, labels: Labels) -> Chart:
    """Draw the distribution of the probability of a class over its images, and over all others.

    Of two classes, that of class 1 for the images of both; of more, a panel each, for those with
    the most images.
    """
    if len(labels.classes) == 2:
        return _of_two(probabilities[:, 1], labels)
    counts = np.bincount(labels.targets, minlength=len(labels.classes))
    shown = np.sort(np.argsort(-counts, kind="stable")[:MOST_PANELS])
    panels = Panels(len(shown))

    def paint(figure: Any) -> None:
        highest = max(_counts(probabilities[:, k]).max() for k in shown)
        for axes, k in zip(panels.add(figure), shown, strict=True):
            for chosen, color in ((labels.targets != k, MUTED), (labels.targets == k, PALETTE[0])):
                _steps(axes, probabilities[chosen, k], color)
            _scale(axes, highest)
            panels.title(axes, labels.classes[k])
        panels.label(figure, "probability of the class", "images")

    return panels.chart(
        "probabilities", "Probability of each class for its images and others", paint
    )


def _of_two(probability: np.ndarray, labels: Labels) -> Chart:
    def paint(figure: Any) -> None:
        axes = figure.subplots()
        for k, name in enumerate(labels.classes):
            _steps(axes, probability[labels.targets == k], class_color(k, 2), literal(name))
        _scale(axes)
        axes.set(xlabel=literal(f"probability of {labels.classes[1]}"), ylabel="images")
        legend_above(figure, axes)

    return Chart("probabilities", f"Probability of {labels.classes[1]}", paint, height_mm=60)


def _steps(axes: Any, values: np.ndarray, color: str, label: str | None = None) -> None:
    counts, edges = _counts(values), np.linspace(0, 1, BINS + 1)
    axes.stairs(counts, edges, color=color, fill=True, alpha=0.18)
    axes.stairs(counts, edges, color=color, linewidth=1, label=label)


def _counts(values: np.ndarray) -> np.ndarray:
    return np.histogram(values, np.linspace(0, 1, BINS + 1))[0]


def _scale(axes: Any, highest: float | None = None) -> None:
    """Make the numbers of images logarithmic from 1 on, so that few among many are seen."""
    from matplotlib.ticker import StrMethodFormatter

    axes.set_yscale("symlog", linthresh=1)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set(xlim=(0, 1))
    axes.set_ylim(0, None if highest is None else 1.5 * highest)
