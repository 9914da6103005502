"""Charts of the page of task=compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metrics.label_sums import calibration_bin
from astroclf.evaluation.metrics.ranking import roc_curve
from astroclf.evaluation.paired.comparison import Comparison
from astroclf.evaluation.paired.contender import Contender
from astroclf.evaluation.paired.differences import BinDifference, Difference
from astroclf.reports.canvas import FAINT, MUTED, PALETTE, Chart, literal
from astroclf.reports.compare.words import letter

MOST_CURVES = len(PALETTE)  # models, and classes, that are drawn
Ranked = tuple[np.ndarray, np.ndarray]  # scores of one class, and whether each image is of it


def ranking_curves(comparison: Comparison) -> list[Chart]:
    """Draw ROC and purity-completeness curves of all models, two charts a class; of two, of class 1."""
    labels = comparison.labels
    wanted = [1] if len(labels.classes) == 2 else range(min(MOST_CURVES, len(labels.classes)))
    drawn = [k for k in wanted if 0 < np.sum(labels.leading == k) < len(labels)]
    return [
        chart
        for k in drawn
        for chart in (
            _overlay(
                comparison,
                k,
                ("roc", "ROC", "false positive rate", "true positive rate"),
                lambda ranked: roc_curve(*ranked),
            ),
            _overlay(
                comparison,
                k,
                ("purity_completeness", "Purity-completeness", "completeness", "purity"),
                purity_completeness,
            ),
        )
    ]


def _overlay(
    comparison: Comparison,
    k: int,
    titles: tuple[str, str, str, str],
    curve: Callable[[Ranked], tuple[np.ndarray, np.ndarray]],
) -> Chart:
    labels, (name, title, x_name, y_name) = comparison.labels, titles
    of_class = labels.classes[k]

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        for number, (contender, color) in enumerate(
            zip(comparison.contenders, PALETTE, strict=False)
        ):
            several = list(_rankings(contender, labels, k))
            for position, ranked in enumerate(several):
                axes.plot(
                    *curve(ranked),
                    color=color,
                    linewidth=1.0 if len(several) == 1 else 0.6,
                    label=letter(number) if position == 0 else None,
                )
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel=x_name, ylabel=y_name)
        axes.set_title(literal(f"{title}: {of_class}"))
        axes.legend(loc="lower left" if name != "roc" else "lower right")

    return Chart(f"{name}_{of_class}", f"{title} curves of {of_class} for each run", paint)


def _rankings(contender: Contender, labels: Labels, k: int) -> Iterator[Ranked]:
    """Yield scores of each network, or of each fold, which are not on one scale."""
    positive = labels.leading == k
    for network in contender.networks:
        scores = network.probabilities[:, k]
        if contender.folds is None:
            yield scores, positive
        else:
            for fold in np.unique(contender.folds):
                inside = contender.folds == fold
                if 0 < positive[inside].sum() < inside.sum():
                    yield scores[inside], positive[inside]


def purity_completeness(ranked: Ranked) -> tuple[np.ndarray, np.ndarray]:
    """Return completeness (recall) and purity (precision) at every distinct score, each (P,)."""
    scores, positive = ranked
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.diff(scores[order], append=-np.inf) != 0)
    hits = np.cumsum(positive[order])[ends]
    return hits / positive.sum(), hits / (ends + 1)


def reliability_curves(comparison: Comparison, bins: int) -> Chart:
    """Draw observed against predicted frequency of all models, their networks together."""
    labels = comparison.labels

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.6)
        for number, (contender, color) in enumerate(
            zip(comparison.contenders, PALETTE, strict=False)
        ):
            pairs = [labels.reliability_pairs(each.probabilities) for each in contender.networks]
            predicted, true = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
            bin_of = calibration_bin(predicted, bins)
            counts = np.bincount(bin_of, minlength=bins)
            used = counts > 0
            x, y = (
                np.bincount(bin_of, values, bins)[used] / counts[used]
                for values in (predicted, true)
            )
            axes.plot(x, y, "o-", color=color, linewidth=0.7, label=letter(number))
        axes.set(
            xlim=(0, 1.01),
            ylim=(0, 1.02),
            xlabel="predicted probability",
            ylabel="observed frequency",
        )
        axes.set_title("Reliability")
        axes.legend(loc="upper left")

    return Chart("reliability", "Reliability diagram of each run", paint)


def difference_chart(
    name: str, title: str, labeled: Sequence[tuple[str, Difference]], direction: str
) -> Chart:
    """Draw differences with their intervals, one row each, beside the line of no difference.

    direction: of the difference, such as "B − A".
    """

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.axvline(0, color=MUTED, linewidth=0.6)
        for row, (_, each) in enumerate(labeled):
            color = MUTED if each.ci95 is None else PALETTE[0]
            if each.ci95 is not None:
                axes.plot(each.ci95, [row, row], color=color, linewidth=1.0)
            axes.plot([each.value], [row], "o", color=color)
        axes.set_yticks(range(len(labeled)), [literal(text) for text, _ in labeled])
        axes.set_ylim(len(labeled) - 0.5, -0.5)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(direction)
        axes.set_title(literal(title))

    height_mm = 18 + 4.6 * len(labeled)
    return Chart(name, f"{title}, {direction} with 95 % intervals", paint, height_mm=height_mm)


def bin_chart(name: str, column: str, bins: Sequence[BinDifference], direction: str) -> Chart:
    """Draw the difference along a column of metadata."""
    metric = bins[0].difference.metric

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.axhline(0, color=MUTED, linewidth=0.6)
        for each in bins:
            center, found = (each.low + each.high) / 2, each.difference
            axes.plot([each.low, each.high], [found.value] * 2, color=FAINT, linewidth=1.5)
            if found.ci95 is not None:
                axes.plot([center] * 2, found.ci95, color=PALETTE[0], linewidth=1.0)
            axes.plot([center], [found.value], "o", color=PALETTE[0])
        axes.set(xlabel=literal(column), ylabel=f"{metric}, {direction}")

    return Chart(name, f"Difference of {metric} along {column}, {direction}", paint, height_mm=52)
