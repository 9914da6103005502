"""Page of task=compare: one HTML file, and its figures in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from astroclf.evaluation.metrics.confusion import confusion_matrix
from astroclf.evaluation.paired.comparison import Comparison, Pair
from astroclf.files import write_text
from astroclf.reports.canvas import Chart
from astroclf.reports.compare import plots
from astroclf.reports.compare.content import ComparisonContent
from astroclf.reports.compare.gallery import PairGallery, pair_galleries
from astroclf.reports.compare.words import (
    caveats,
    family,
    interval_text,
    letter,
    number,
    p_text,
    verdict,
)
from astroclf.reports.figures import Figures
from astroclf.reports.page import render_page
from astroclf.settings.metrics import METRICS
from astroclf.status import status

MATRIX_UP_TO = 12  # classes
MOST_ROWS = 40  # of a chart of classes


@dataclass(frozen=True)
class Matrix:
    """title; rows: of numbers as text, with the share of the color, -1 to 1."""

    title: str
    rows: list[list[tuple[str, float]]]


@dataclass(frozen=True)
class PairSection:
    """Everything that the page shows of one pair."""

    pair: Pair
    anchor: str
    a: str
    b: str
    verdict: str
    class_charts: Sequence[Chart]
    bin_charts: Sequence[tuple[str, Chart]]
    matrices: Sequence[Matrix]
    galleries: Sequence[PairGallery]


@status("writing the page")
def write_comparison_page(path: Path, content: ComparisonContent, figures: Path) -> None:
    """Write the page: UTF-8, without scripts. figures: folder of the files of its charts."""
    write_text(path, comparison_page(content, Figures(figures)))


def charts_of(content: ComparisonContent) -> list[Chart]:
    """Return all charts of the page."""
    sections = [_section(content, pair) for pair in content.comparison.pairs]
    of_pairs = [
        chart
        for section in sections
        for chart in (*section.class_charts, *(chart for _, chart in section.bin_charts))
    ]
    return [*of_pairs, *_curves(content)]


def comparison_page(content: ComparisonContent, figures: Figures | None = None) -> str:
    """Return the page; figures: where its charts are saved too."""
    comparison = content.comparison
    return render_page(
        Path(__file__).parent,
        "compare.html.j2",
        title=title(content),
        facts={},
        warnings=content.warnings,
        filters={"number": number, "interval": interval_text, "p_text": p_text, "letter": letter},
        figures=figures,
        content=content,
        comparison=comparison,
        metrics=METRICS,
        curves=_curves(content),
        sections=[_section(content, pair) for pair in comparison.pairs],
        family=family(comparison),
        caveats=caveats(comparison),
        most_curves=plots.MOST_CURVES,
    )


def _curves(content: ComparisonContent) -> list[Chart]:
    comparison = content.comparison
    ranking = plots.ranking_curves(comparison) if comparison.labels.kind == "classes" else []
    return [*ranking, plots.reliability_curves(comparison, content.bins)]


def title(content: ComparisonContent) -> str:
    """Return the question of the page."""
    if len(content.runs) == 2:
        return f"Is B better than A? {content.runs[0].name} and {content.runs[1].name}"
    return f"Comparison of {len(content.runs)} runs"


def _section(content: ComparisonContent, pair: Pair) -> PairSection:
    comparison = content.comparison
    a, b = letter(pair.a), letter(pair.b)
    direction, anchor = f"{b} − {a}", f"{a}-{b}"
    return PairSection(
        pair,
        anchor,
        a,
        b,
        verdict(comparison, pair),
        _class_charts(pair, anchor, direction),
        [
            (column, plots.bin_chart(f"{column}_{anchor}", column, bins, direction))
            for column, bins in pair.binned.items()
            if bins
        ],
        _matrices(comparison, pair),
        pair_galleries(content, pair),
    )


def _class_charts(pair: Pair, anchor: str, direction: str) -> list[Chart]:
    metrics = [each.metric for each in next(iter(pair.per_class.values()), [])]
    return [
        plots.difference_chart(
            f"{metric}_{anchor}",
            metric,
            [(name, each[k]) for name, each in list(pair.per_class.items())[:MOST_ROWS]],
            direction,
        )
        for k, metric in enumerate(metrics)
    ]


def _matrices(comparison: Comparison, pair: Pair) -> list[Matrix]:
    """Return the confusion matrix of each model, mean over its networks, and their difference."""
    labels = comparison.labels
    if labels.kind != "classes" or len(labels.classes) > MATRIX_UP_TO:
        return []
    counts = [
        np.mean(
            [
                confusion_matrix(labels.leading, each.labels, len(labels.classes))
                for each in comparison.contenders[k].networks
            ],
            axis=0,
        )
        for k in (pair.a, pair.b)
    ]
    rows = np.maximum(1, counts[0].sum(axis=1, keepdims=True))
    found = [
        Matrix(letter(k), _cells(matrix, matrix / rows, "{:,.4g}"))
        for k, matrix in zip((pair.a, pair.b), counts, strict=True)
    ]
    difference = counts[1] - counts[0]
    largest = max(1.0, float(np.abs(difference).max()))
    name = f"{letter(pair.b)} − {letter(pair.a)}"
    return [*found, Matrix(name, _cells(difference, difference / largest, "{:+,.4g}"))]


def _cells(numbers: np.ndarray, shares: np.ndarray, form: str) -> list[list[tuple[str, float]]]:
    return [
        [(form.format(number + 0.0), share) for number, share in zip(*row, strict=True)]
        for row in zip(numbers.tolist(), shares.tolist(), strict=True)
    ]
