"""Contact sheet of predictions: one self-contained HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from astroclf.files import write_text
from astroclf.reports.canvas import COLUMN_MM, MUTED, PALETTE, PAPER, Chart
from astroclf.reports.figures import Figures
from astroclf.reports.page import render_page
from astroclf.reports.predict.content import ContactSheet
from astroclf.reports.run.gallery import data_uri
from astroclf.status import status

HEIGHT_MM = 48.0


@status("writing the contact sheet")
def write_contact_sheet(path: Path, content: ContactSheet, figures: Figures) -> None:
    """Write the page: UTF-8, self-contained, without scripts."""
    page = render_page(
        Path(__file__).parent,
        "contact_sheet.html.j2",
        title=content.title,
        facts=content.facts,
        filters={"data_uri": data_uri, "share": lambda n: share(n, content.n)},
        figures=figures,
        content=content,
        confidence=histogram(
            "confidence", content.confidence, "probability of the label", "Confidence of the labels"
        ),
        unlike=None
        if content.unlike_training is None
        else p_value_histogram(content.unlike_training),
    )
    write_text(path, page)


def share(n: int, total: int) -> str:
    """Return a number as percentage of a total."""
    return f"{100 * n / max(total, 1):.1f} %"


def histogram(name: str, counts: np.ndarray, axis: str, description: str) -> Chart:
    """Return the histogram of values from 0 to 1 in bins of equal width."""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        edges = np.linspace(0, 1, len(counts) + 1)[:-1]
        axes.bar(
            edges,
            counts,
            width=1 / len(counts),
            align="edge",
            color=PALETTE[0],
            edgecolor=PAPER,
            linewidth=0.4,
        )
        axes.set(xlim=(0, 1), xlabel=axis, ylabel="images")

    return Chart(name, description, paint, COLUMN_MM, HEIGHT_MM)


def p_value_histogram(counts: np.ndarray) -> Chart:
    """Return the histogram of p-values, with the number that images like those of training would have."""
    plain = histogram("unlike_training", counts, "p-value", "P-values of unlike_training")

    def paint(figure: Any) -> None:
        plain.paint(figure)
        axes = figure.axes[0]
        axes.axhline(counts.sum() / len(counts), color=MUTED, linewidth=0.9, linestyle=(0, (3, 2)))

    return Chart(plain.name, plain.description, paint, COLUMN_MM, HEIGHT_MM)
