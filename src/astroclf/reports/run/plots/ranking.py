"""Curves of ranked images: ROC, and purity against completeness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metrics.ranking import precision_recall_curve, roc_curve
from astroclf.reports.canvas import FAINT, MUTED, PALETTE, PAPER, Chart, legend_above, literal

HEIGHT_MM = 91


def roc_curves(predicted: Predicted, labels: Labels, legend: Sequence[str]) -> Chart:
    """Draw the curve of each class that has both images of it and others; of two, that of class 1.

    Dots mark the predicted labels. legend: a text for each class.
    """
    drawn = [1] if len(labels.classes) == 2 else range(len(labels.classes))

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.7)
        for k, positive in _both_kinds(labels, drawn):
            color = class_color(k, len(labels.classes))
            curve = roc_curve(predicted.probabilities[:, k], positive)
            axes.plot(*curve, color=color, label=literal(legend[k]))
            given = predicted.labels == k
            _dot(axes, np.mean(given[~positive]), np.mean(given[positive]), color)
        _square(axes, "false positive rate", "true positive rate (completeness)")
        _legend(figure, axes, len(labels.classes))

    return Chart("roc", "ROC curves", paint, height_mm=HEIGHT_MM)


def precision_recall_curves(predicted: Predicted, labels: Labels, legend: Sequence[str]) -> Chart:
    """Draw precision (purity) against recall (completeness) of each class, with its images and others.

    Dots mark the predicted labels; the dotted line of each class is the fraction of its images,
    which a random order would have. legend: a text for each class.
    """

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        for k, positive in _both_kinds(labels, range(len(labels.classes))):
            color = class_color(k, len(labels.classes))
            recall, precision = precision_recall_curve(predicted.probabilities[:, k], positive)
            # Steps: their area is the average precision.
            steps = np.append(0, recall), np.append(precision[:1], precision)
            axes.step(*steps, where="pre", color=color, label=literal(legend[k]))
            axes.axhline(positive.mean(), color=color, linewidth=0.5, linestyle=(0, (1, 2)))
            given = predicted.labels == k
            if given.any():
                _dot(axes, np.mean(given[positive]), np.mean(positive[given]), color)
        _square(axes, "completeness (recall)", "purity (precision)")
        _legend(figure, axes, len(labels.classes))

    return Chart("precision_recall", "Purity against completeness", paint, height_mm=HEIGHT_MM)


def class_color(k: int, n_classes: int) -> str:
    """Return the color of a class in all charts; gray where there are more classes than colors."""
    return PALETTE[k] if n_classes <= len(PALETTE) else MUTED


def _both_kinds(labels: Labels, classes: Sequence[int]) -> list[tuple[int, np.ndarray]]:
    """Return the classes with images of them and others, and whether each image is of the class."""
    found = [(k, labels.targets == k) for k in classes]
    return [(k, positive) for k, positive in found if 0 < positive.sum() < len(positive)]


def _dot(axes: Any, x: float, y: float, color: str) -> None:
    axes.plot(x, y, "o", color=color, markersize=4, markeredgecolor=PAPER, markeredgewidth=0.6)


def _square(axes: Any, xlabel: str, ylabel: str) -> None:
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel=xlabel, ylabel=ylabel)
    axes.set_box_aspect(1)


def _legend(figure: Any, axes: Any, n_classes: int) -> None:
    if n_classes <= len(PALETTE):
        legend_above(figure, axes)
