"""Sections of the report on vote fractions: answers, decision tree and images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from astroclf.evaluation.labels import Labels, VoteLabels
from astroclf.reports.run.content import ReportContent
from astroclf.reports.run.formats import class_figure
from astroclf.reports.run.gallery import vote_galleries
from astroclf.reports.run.plots.votes import vote_scatter
from astroclf.reports.run.tree_section import tree_galleries
from astroclf.settings.metrics import question_metric_names


def vote_sections(content: ReportContent) -> dict[str, Any]:
    """Return the values of the templates votes.html.j2 and votes_images.html.j2."""
    shown = content.evaluation.shown
    trees = tree_galleries(shown, content.thumbnails)
    rmse = [class_figure(shown, name, "rmse") for name in content.classes]
    return {
        "scatter": vote_scatter(
            shown.predicted.probabilities, shown.labels.targets, content.classes, rmse
        ),
        "questions": _questions(shown.labels),
        "question_metrics": question_metric_names(),
        "is_wide": len(content.classes) > 9,
        "examples": [],
        "galleries": vote_galleries(shown, content.thumbnails),
        "tree_galleries": trees,
        "nav": [("answers", "Answers"), *([("tree", "Decision tree")] if trees else [])],
    }


@dataclass(frozen=True)
class ReachedQuestion:
    """A question of the tree; reach: mean fraction of the volunteers who answered it."""

    name: str
    text: str
    reach: float


def _questions(labels: Labels) -> list[ReachedQuestion]:
    """Return the questions of the tree; none for votes without one."""
    if not isinstance(labels, VoteLabels) or labels.tree is None:
        return []
    classes = list(labels.classes)
    return [
        ReachedQuestion(
            each.name,
            each.text,
            float(
                labels.targets[:, [classes.index(name) for name in each.answers]].sum(axis=1).mean()
            ),
        )
        for each in labels.tree.questions
    ]
