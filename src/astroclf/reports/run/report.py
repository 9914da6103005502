"""Report of a run: one self-contained HTML file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from astroclf.evaluation.intervals import Measured
from astroclf.evaluation.metrics.confusion import confusion_matrix
from astroclf.evaluation.results import SplitResult
from astroclf.reports.figures import Figures
from astroclf.reports.page import percent, render_page
from astroclf.reports.run import plots
from astroclf.reports.run.conformal_section import conformal_section
from astroclf.reports.run.content import ReportContent
from astroclf.reports.run.decision_section import decision_section
from astroclf.reports.run.gallery import label_galleries, vote_galleries
from astroclf.reports.run.weight_table import LARGE_SIGMA, layer_weights
from astroclf.reports.run.words import words_of
from astroclf.settings.metrics import METRICS
from astroclf.status import status

CURVES = ("accuracy", "macro_f1", "mcc", "rmse")
MATRIX_SHARES_UP_TO = 12  # classes; a larger confusion matrix shows counts alone


@status("writing the report")
def write_report(path: Path, content: ReportContent) -> None:
    """Write the page: UTF-8, self-contained, without scripts.

    content: has at least one split, with at least one image in the split that is shown.
    """
    page = render_page(
        Path(__file__).parent,
        "report.html.j2",
        title=content.title,
        facts=content.facts,
        warnings=content.warnings,
        filters={
            "figure": _figure,
            "interval": _interval,
            "headline": partial(_headline, content.evaluation.shown.labels.headline),
        },
        words=words_of(content),
        content=content,
        label=content.evaluation.title_of,
        figures=Figures(path.with_name("figures")),
        **_run(content),
        **FIGURES[content.evaluation.shown.labels.kind](content),
    )
    path.write_text(page, encoding="utf-8")


def _run(content: ReportContent) -> dict[str, Any]:
    """Return the values of the template that every kind of labels has."""
    shown = content.evaluation.shown
    metrics = [content.monitor, *(name for name in CURVES if name != content.monitor)]
    logged = {key.removeprefix("val_") for row in content.history for key in row}
    curves = [name for name in metrics if name in logged and name != "loss"][:3]
    return {
        "shown": shown,
        "headline": shown.labels.headline,
        "asides": ASIDES[shown.labels.kind],
        "metrics": METRICS,
        "curves": plots.learning_curves(content.history, content.best_epoch, curves)
        if content.history
        else None,
        **decision_section(content),
        **conformal_section(content),
        "metric_label": lambda metric: METRICS[metric].label(shown.labels.positive_class),
        "layers": [layer_weights(name, values) for name, values in content.weights.items()],
        "large_sigma": LARGE_SIGMA,
    }


def _vote_figures(content: ReportContent) -> dict[str, Any]:
    shown = content.evaluation.shown
    titles = [
        f"{_shortened(name)}  {_figure(_measured(shown, name, 'rmse'), 'rmse')}"
        for name in content.classes
    ]
    return {
        "scatter": plots.vote_scatter(shown.predicted.probabilities, shown.labels.targets, titles),
        "galleries": vote_galleries(shown, content.thumbnails),
        "nav": [("answers", "Answers")],
    }


def _class_figures(content: ReportContent) -> dict[str, Any]:
    shown, classes = content.evaluation.shown, content.classes
    binned = [(table, plots.accuracy_bins(table)) for table in shown.binned if table.rows]
    counts = confusion_matrix(shown.labels.targets, shown.predicted.labels, len(classes))
    legend = [
        f"{_shortened(name)}  {_figure(_measured(shown, name, 'roc_auc'))}" for name in classes
    ]
    return {
        "matrix": _with_shares(counts),
        "matrix_shares": len(classes) <= MATRIX_SHARES_UP_TO,
        "roc": plots.roc_curves(shown.predicted, shown.labels, legend),
        "reliability": plots.reliability(
            shown.predicted.probabilities,
            shown.labels,
            content.calibration_bins,
            "reliability",
            "Reliability diagram",
        ),
        "binned": binned,
        "galleries": label_galleries(shown, content.thumbnails),
        "nav": [
            ("confusion", "Confusion"),
            ("classes", "Classes"),
            ("probabilities", "Probabilities"),
            *([("columns", "Accuracy along a column")] if binned else []),
        ],
    }


# Kind of labels -> its figures, and the metrics beside the headline.
FIGURES = {"classes": _class_figures, "votes": _vote_figures}
ASIDES = {"classes": ("mcc", "roc_auc", "ece"), "votes": ("r2",)}


def _measured(result: SplitResult, name: str, metric: str) -> Measured:
    figure = result.scores.per_class[name][metric]
    assert not isinstance(figure, int)
    return figure


def _with_shares(counts: np.ndarray) -> list[list[tuple[int, float]]]:
    """Return counts, and their shares of the row (0 in a row without images)."""
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    return [
        list(zip(row.tolist(), share.tolist(), strict=True))
        for row, share in zip(counts, shares, strict=True)
    ]


def _figure(measured: Measured, metric: str = "") -> str:
    """Return the value as text; a dash where it is not defined."""
    value = measured["value"]
    if value is None:
        return "–"
    return f"{value:z.{_digits(metric)}f}"


def _headline(metric: str, value: float | None) -> str:
    """Return a value of the headline metric: fractions in percent."""
    if value is None:
        return "–"
    is_fraction = METRICS[metric].scale == "logit"
    return percent(value) if is_fraction else f"{value:z.{_digits(metric)}f}"


def _interval(measured: Measured, metric: str = "") -> str:
    if "floor" in measured:
        return f"floor {measured['floor']:.{_digits(metric)}f}"
    if measured["ci95"] is None:
        return ""
    return " – ".join(f"{bound:z.{_digits(metric)}f}" for bound in measured["ci95"])


def _digits(metric: str) -> int:
    """Return the number of decimals to show."""
    return METRICS[metric].digits if metric else 3


def _shortened(name: str, most: int = 18) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
