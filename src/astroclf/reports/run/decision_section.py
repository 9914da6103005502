"""Section of the report on the decision: calibration, class factors and thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from astroclf.evaluation.decisions.comparison import ComparedDecisions
from astroclf.evaluation.decisions.decision import Decision
from astroclf.evaluation.decisions.fitting import FittedDecision
from astroclf.evaluation.decisions.thresholds import FittedThreshold
from astroclf.reports.canvas import Chart
from astroclf.reports.run.content import ReportContent
from astroclf.reports.run.formats import metric_title
from astroclf.reports.run.plots.reliability import reliability
from astroclf.settings.metrics import METRICS

IN_FIGURES = ("ece", "brier")  # metrics in the captions of the reliability diagrams


def decision_section(content: ReportContent) -> dict[str, Any]:
    """Return the values of the template of the section; the reliability alone where no split is compared.

    sentences: the treatment of probabilities and labels, and its reasons. numbers: name of a class
    or answer -> its factor or threshold; empty where a sentence states it. described: metric -> its
    description, of the metrics that changed. charts: when -> reliability diagram, one alone where
    calibration changed nothing.
    """
    evaluation, labels = content.evaluation, content.evaluation.shown.labels
    fitted, shown = evaluation.decision, evaluation.shown.comparison
    if shown is None:
        chart = reliability(
            evaluation.shown.predicted.probabilities,
            labels,
            content.calibration_bins,
            "reliability",
            "Reliability diagram",
        )
        return {"decided": None, "reliability": chart}
    threshold = threshold_of_two(fitted, labels.classes)
    return {
        "decided": {
            "fit": fitted.threshold,
            "splits": evaluation.compared,
            "shown": shown.metrics,
            "sentences": [
                *calibration_sentences(fitted.decision),
                *fitted.notes,
                *label_sentences(fitted),
                *threshold,
            ],
            "numbers": {} if threshold else label_numbers(fitted, labels.classes),
            "described": {
                name: METRICS[name].description
                for name in shown.metrics
                if name not in IN_FIGURES and _has_changed(name, evaluation.compared)
            },
            "charts": _reliability_charts(content, shown),
        }
    }


def _has_changed(metric: str, compared: Mapping[str, ComparedDecisions]) -> bool:
    """Return whether the decision changed a metric of any split."""
    sides = [each.metrics[metric] for each in compared.values()]
    return any(side.plain["value"] != side.tuned["value"] for side in sides)


def _reliability_charts(content: ReportContent, shown: ComparedDecisions) -> dict[str, Chart]:
    labels = content.evaluation.shown.labels
    before, after = (
        reliability(
            predicted.probabilities,
            labels,
            content.calibration_bins,
            f"reliability-{when}",
            f"Reliability {when} calibration",
        )
        for predicted, when in ((shown.plain, "before"), (shown.tuned, "after"))
    )
    if np.array_equal(shown.plain.probabilities, shown.tuned.probabilities):
        return {"plain": before}
    return {"plain": before, "tuned": after}


def calibration_sentences(decision: Decision) -> list[str]:
    """Return sentences on the calibration of the probabilities."""
    temperature, sentences = decision.temperature, []
    if decision.focal_gamma > 0:
        sentences.append(
            "The minimum of the focal loss is not at the true probabilities; they are "
            f"recovered from it (gamma {decision.focal_gamma:g})."
        )
    if decision.logit_shift is not None or decision.class_weights is not None:
        sentences.append(
            "Class weights in the loss shift the predicted class frequencies; the "
            "probabilities are corrected for it."
        )
    if temperature == 1:
        sentences.append("Temperature 1: the probabilities are not changed.")
    else:
        confidence, change = (
            ("overconfident", "softened") if temperature > 1 else ("underconfident", "sharpened")
        )
        sentences.append(
            f"The network was {confidence} on val; probabilities were {change} "
            f"(temperature {temperature:.3g})."
        )
    return sentences


def label_sentences(fitted: FittedDecision) -> list[str]:
    """Return sentences on the tuning of the labels, with its reasons."""
    fit, decision = fitted.threshold, fitted.decision
    untuned = (
        "Each image gets the label of its highest probability."
        if decision.activation.rows_sum_to_one
        else "An answer is given where its fraction exceeds 0.5."
    )
    if fit is None:
        if decision.class_factors is not None:
            return ["Each image gets the label of its highest probability times class factor."]
        return ["Each answer has a threshold of its own."] if decision.thresholds else [untuned]
    outcome = (
        f"Tuning the labels for {_objective_title(fit.objective)} was tried on val: {_reached(fit, fit.tuned)} "
        f"cross-fitted, {_reached(fit, fit.plain)} without it; the tuned labels are"
    )
    reason = [f"{fit.reason[0].upper()}{fit.reason[1:]}."] if fit.reason else []
    if fit.kept:
        return [f"{outcome} used.", *reason]
    return [f"{outcome} not used.", *reason]


def label_numbers(fitted: FittedDecision, names: Sequence[str]) -> dict[str, float]:
    """Return name -> factor or threshold: those in use, or those that were fitted and not kept."""
    source = fitted.threshold or fitted.decision
    numbers = source.class_factors or source.thresholds
    return {} if numbers is None else dict(zip(names, numbers, strict=True))


def threshold_of_two(fitted: FittedDecision, names: Sequence[str]) -> list[str]:
    """Return a sentence with the threshold that two class factors amount to, or nothing."""
    factors = (fitted.threshold or fitted.decision).class_factors
    if factors is None or len(factors) != 2:
        return []
    threshold = factors[0] / (factors[0] + factors[1])
    not_used = fitted.threshold is not None and not fitted.threshold.kept
    verb = "would be" if not_used else "is"
    return [f"An image {verb} labeled {names[1]} if its probability exceeds {threshold:.4g}."]


def _objective_title(objective: str) -> str:
    return metric_title(objective) if objective in METRICS else objective


def _reached(fit: FittedThreshold, figure: float) -> str:
    """Return a value of the objective; of a constraint, its gain or its distance to the bound."""
    bounded, is_constraint, _ = fit.objective.partition(">=")
    if not is_constraint:
        return f"{figure:.3f}"
    if figure < 0:
        return f"{-figure:.3g} below the bound"
    return f"{'recall' if bounded.startswith('precision') else 'precision'} {figure:.3f}"
