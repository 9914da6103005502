"""Sections of the report on vote fractions: answers and images."""

from __future__ import annotations

from typing import Any

from astroclf.reports.run.content import ReportContent
from astroclf.reports.run.formats import class_figure
from astroclf.reports.run.gallery import vote_galleries
from astroclf.reports.run.plots.votes import vote_scatter


def vote_sections(content: ReportContent) -> dict[str, Any]:
    """Return the values of the templates votes.html.j2 and votes_images.html.j2."""
    shown = content.evaluation.shown
    rmse = [class_figure(shown, name, "rmse") for name in content.classes]
    return {
        "scatter": vote_scatter(
            shown.predicted.probabilities, shown.labels.targets, content.classes, rmse
        ),
        "is_wide": len(content.classes) > 9,
        "examples": [],
        "galleries": vote_galleries(shown, content.thumbnails),
        "nav": [("answers", "Answers")],
    }
