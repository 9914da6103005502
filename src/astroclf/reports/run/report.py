"""Report of a run: one self-contained HTML file, and its figures for a paper."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from astroclf.reports.figures import Figures
from astroclf.reports.page import render_page
from astroclf.reports.run import formats
from astroclf.reports.run.class_sections import class_sections
from astroclf.reports.run.conformal_section import conformal_section
from astroclf.reports.run.content import ReportContent
from astroclf.reports.run.decision_section import decision_section
from astroclf.reports.run.gallery import data_uri
from astroclf.reports.run.plots.learning import loss_curves, metric_curves
from astroclf.reports.run.vote_sections import vote_sections
from astroclf.reports.run.weight_table import LARGE_SIGMA, layer_weights
from astroclf.reports.run.words import words_of
from astroclf.settings.metrics import METRICS
from astroclf.status import status

CURVES = ("accuracy", "macro_f1", "mcc", "rmse")
MOST_CURVES = 3
# Kind of labels -> the values of its sections, and the metrics beside the headline.
SECTIONS = {"classes": class_sections, "votes": vote_sections}
ASIDES = {"classes": ("mcc", "roc_auc", "ece"), "votes": ("r2",)}


@status("writing the report")
def write_report(path: Path, content: ReportContent) -> None:
    """Write the page, UTF-8, self-contained, without scripts, and its figures in `figures/` beside it.

    content: has at least one split, with at least one image in the split that is shown.
    """
    labels = content.evaluation.shown.labels
    page = render_page(
        Path(__file__).parent,
        "report.html.j2",
        title=content.title,
        facts={},
        warnings=content.warnings,
        filters={
            "data_uri": data_uri,
            "figure": formats.figure,
            "interval": formats.interval,
            "headline": partial(formats.headline_value, labels.headline),
            "metric_title": partial(formats.metric_title, positive_class=labels.positive_class),
            "split_title": content.evaluation.title_of,
        },
        figures=Figures(path.with_name("figures")),
        words=words_of(content),
        content=content,
        **_every_kind(content),
        **SECTIONS[labels.kind](content),
    )
    path.write_text(page, encoding="utf-8")


def _every_kind(content: ReportContent) -> dict[str, Any]:
    """Return the values of the templates that every kind of labels has."""
    evaluation = content.evaluation
    shown = evaluation.shown
    others = {name: each for name, each in evaluation.splits.items() if each is not shown}
    return {
        "shown": shown,
        "splits": {evaluation.shown_split: shown, **others},
        "class_counts": class_counts(content),
        "headline": shown.labels.headline,
        "asides": ASIDES[shown.labels.kind],
        "metrics": METRICS,
        "metric_title": formats.metric_title,
        "other_names": formats.OTHER_NAMES,
        "curves": learning_charts(content),
        **decision_section(content),
        **conformal_section(content),
        "layers": [layer_weights(name, values) for name, values in content.weights.items()],
        "large_sigma": LARGE_SIGMA,
    }


def class_counts(content: ReportContent) -> dict[str, dict[str, int]]:
    """Return class -> split -> images; nothing for votes, whose answers do not exclude each other."""
    if content.evaluation.shown.labels.kind != "classes":
        return {}
    counts = {
        split: np.bincount(result.labels.targets, minlength=len(content.classes)).tolist()
        for split, result in content.evaluation.splits.items()
    }
    return {
        name: {split: of[k] for split, of in counts.items()}
        for k, name in enumerate(content.classes)
    }


def learning_charts(content: ReportContent) -> list[Any]:
    """Return the charts of the losses and of the metrics by epoch; none where nothing was trained."""
    if not content.history:
        return []
    metrics = [content.monitor, *(name for name in CURVES if name != content.monitor)]
    logged = {key.removeprefix("val_") for row in content.history for key in row}
    curves = [name for name in metrics if name in logged and name != "loss"][:MOST_CURVES]
    titles = {name: formats.metric_title(name) for name in curves}
    charts = [loss_curves(content.history, content.best_epoch)]
    if curves:
        charts.append(metric_curves(content.history, content.best_epoch, titles))
    return charts
