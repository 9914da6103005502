"""Section of the report on certainty: prediction sets and the risk-coverage curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from astroclf.evaluation.metrics.risk_coverage import RiskCoverage
from astroclf.evaluation.metrics.set_metrics import SetScores
from astroclf.reports.canvas import MUTED, PALETTE, Chart
from astroclf.reports.page import percent
from astroclf.reports.run.content import ReportContent

FIGURES = {
    "coverage": "coverage",
    "mean_size": "mean size",
    "empty": "empty",
    "multiple": "several classes",
}
SET_ASIDE = (0.05, 0.1, 0.2)  # fractions of the images, in the sentence below the curve
HEIGHT_MM = 62.0


def conformal_section(content: ReportContent) -> dict[str, Any]:
    """Return the values of the template of the section; `certainty` is None for votes.

    level: of the prediction sets; None without sets. rows: class (or "all classes") -> its figures.
    fitted_on: whether the sets were fitted on the images shown.
    """
    evaluation, shown = content.evaluation, content.evaluation.shown
    curve, fitted = shown.risk_coverage, evaluation.decision.decision.conformal
    if curve is None:
        return {"certainty": None}
    return {
        "certainty": {
            "level": None if shown.sets is None or fitted is None else fitted.level,
            "figures": FIGURES,
            "rows": {} if shown.sets is None else set_rows(shown.sets, len(shown)),
            "fitted_on": evaluation.shown_split == "val",
            "chart": risk_coverage_chart(curve),
            "aurc": curve.aurc,
            "sentence": sentence_of(curve),
        }
    }


def set_rows(scores: SetScores, n_images: int) -> dict[str, dict[str, Any]]:
    """Return the rows of the table: those of the classes, then that of all images."""
    everything = {"n": n_images, **scores.overall}
    return {**scores.per_class, **({"all classes": everything} if n_images else {})}


def sentence_of(curve: RiskCoverage, set_aside: Sequence[float] = SET_ASIDE) -> str:
    """Return the error of all labels, and of those that remain without the least certain ones."""
    remaining = ", ".join(
        f"{percent(curve.error_at(1 - fraction))} without the {percent(fraction, 0)} least certain"
        for fraction in set_aside
    )
    return f"Of all labels {percent(curve.error[-1])} are wrong: {remaining}."


def risk_coverage_chart(curve: RiskCoverage) -> Chart:
    """Draw the error of the labels that remain against their fraction of the images."""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.axhline(curve.error[-1], color=MUTED, linewidth=0.6, linestyle=(0, (4, 3)))
        axes.plot(curve.coverage, curve.error, color=PALETTE[0])
        axes.set_xlim(0, 1)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("coverage: fraction of the images that keep their label")
        axes.set_ylabel("fraction of these labels that is wrong")

    description = f"Risk-coverage curve, from an error of {percent(curve.error[-1])} of all labels"
    return Chart("risk_coverage", description, paint, height_mm=HEIGHT_MM)
