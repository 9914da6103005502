"""Sections of the report on classes: confusion, classes, probabilities, columns, images."""

from __future__ import annotations

from typing import Any

import numpy as np

from astroclf.evaluation.metrics.confusion import confusion_matrix
from astroclf.evaluation.results import SplitResult
from astroclf.reports.canvas import PALETTE
from astroclf.reports.run.content import ReportContent
from astroclf.reports.run.formats import class_figure, shortened
from astroclf.reports.run.gallery import class_examples, label_galleries
from astroclf.reports.run.plots.bins import accuracy_bins, class_bins
from astroclf.reports.run.plots.confusion import confusion_chart
from astroclf.reports.run.plots.histograms import MOST_PANELS, probability_histograms
from astroclf.reports.run.plots.ranking import precision_recall_curves, roc_curves

SECTIONS = (
    ("confusion", "Confusion"),
    ("classes", "Classes"),
    ("probabilities", "Probabilities"),
)


def class_sections(content: ReportContent) -> dict[str, Any]:
    """Return the values of the templates classes.html.j2 and classes_images.html.j2."""
    shown, classes = content.evaluation.shown, content.classes
    counts = confusion_matrix(shown.labels.targets, shown.predicted.labels, len(classes))
    binned = columns(shown)
    roc, precision_recall = (
        [f"{shortened(name)}  {class_figure(shown, name, metric)}" for name in classes]
        for metric in ("roc_auc", "average_precision")
    )
    return {
        "counts": counts.tolist(),
        "confusions": [confusion_chart(counts, classes, by) for by in ("true", "predicted")],
        "roc": roc_curves(shown.predicted, shown.labels, roc),
        "precision_recall": precision_recall_curves(
            shown.predicted, shown.labels, precision_recall
        ),
        "histograms": probability_histograms(shown.predicted.probabilities, shown.labels),
        "most_panels": MOST_PANELS,
        "binned": binned,
        "examples": class_examples(shown, content.thumbnails),
        "galleries": label_galleries(shown, content.thumbnails),
        "nav": [*SECTIONS, *([("columns", "Along a column")] if binned else [])],
    }


def columns(shown: SplitResult) -> list[dict[str, Any]]:
    """Return the table of each column with values, and its charts of accuracy and of classes.

    classes: those of the charts, the most frequent ones where there are more than colors.
    """
    labels = shown.labels
    counts = np.bincount(labels.targets, minlength=len(labels.classes))
    frequent = np.sort(np.argsort(-counts, kind="stable")[: len(PALETTE)])
    classes = [labels.classes[k] for k in frequent]
    return [
        {
            "table": table,
            "accuracy": accuracy_bins(table),
            "classes": classes,
            "by_class": [class_bins(table, classes, each) for each in ("completeness", "purity")]
            if any(row.completeness for row in table.rows)
            else [],
        }
        for table in shown.binned
        if table.rows
    ]
