"""What the report says of how labels are decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from astroclf.evaluation.decisions.decision import Decision
from astroclf.evaluation.decisions.fitting import FittedDecision
from astroclf.evaluation.decisions.thresholds import FittedThreshold
from astroclf.reports.run import plots
from astroclf.reports.run.content import ReportContent
from astroclf.settings.metrics import METRICS

IN_FIGURES = ("ece", "brier")  # metrics that stand beside the reliability diagrams


def decision_section(content: ReportContent) -> dict[str, Any]:
    """Return the values of the template of the section; nothing where no split is compared.

    sentences: the treatment of probabilities and labels, and its reasons. numbers: name of a class
    or answer -> its factor or threshold; empty where a sentence states it. described: metric -> its
    description, of the metrics in the table. before, after: reliability diagrams, as SVG.
    """
    evaluation, labels = content.evaluation, content.evaluation.shown.labels
    fitted, shown = evaluation.decision, evaluation.shown.comparison
    if shown is None:
        return {"decided": None}
    before, after = (
        plots.reliability(predicted.probabilities, labels, content.calibration_bins, name)
        for predicted, name in (
            (shown.plain, "Reliability before calibration"),
            (shown.tuned, "Reliability after calibration"),
        )
    )
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
                name: METRICS[name].description for name in shown.metrics if name not in IN_FIGURES
            },
            "before": before,
            "after": after,
        }
    }


def calibration_sentences(decision: Decision) -> list[str]:
    """What is done to the probabilities."""
    temperature, sentences = decision.temperature, []
    if decision.focal_gamma > 0:
        sentences.append(
            "The focal loss is smallest elsewhere than at the true probabilities; they are "
            f"recovered from it (gamma {decision.focal_gamma:g})."
        )
    if decision.logit_shift is not None or decision.class_weights is not None:
        sentences.append(
            "Weights in the loss make classes seem more or less common than they are; the "
            "probabilities are corrected for it."
        )
    if temperature == 1:
        sentences.append("Temperature 1: the probabilities are neither drawn together nor apart.")
    else:
        was, drawn = ("too sure", "together") if temperature > 1 else ("too unsure", "apart")
        sentences.append(
            f"Temperature {temperature:.3g}, fitted on val: the network was {was} of itself, so "
            f"its probabilities are drawn {drawn}."
        )
    return sentences


def label_sentences(fitted: FittedDecision) -> list[str]:
    """What is done to the labels, and why or why not."""
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
    brought = (
        f"Tuning the labels for {fit.objective} was tried on val: {_reached(fit, fit.tuned)} "
        f"cross-fitted, {_reached(fit, fit.plain)} without it; the tuned labels are"
    )
    reason = [f"{fit.reason[0].upper()}{fit.reason[1:]}."] if fit.reason else []
    if fit.kept:
        return [f"{brought} used.", *reason]
    return [f"{brought} not used.", *reason]


def label_numbers(fitted: FittedDecision, names: Sequence[str]) -> dict[str, float]:
    """Name -> factor or threshold: those in use, or those that were fitted and not kept."""
    source = fitted.threshold or fitted.decision
    numbers = source.class_factors or source.thresholds
    return {} if numbers is None else dict(zip(names, numbers, strict=True))


def threshold_of_two(fitted: FittedDecision, names: Sequence[str]) -> list[str]:
    """A sentence with the threshold that two class factors are, or nothing."""
    factors = (fitted.threshold or fitted.decision).class_factors
    if factors is None or len(factors) != 2:
        return []
    threshold = factors[0] / (factors[0] + factors[1])
    not_used = fitted.threshold is not None and not fitted.threshold.kept
    verb = "would be" if not_used else "is"
    return [f"An image {verb} called {names[1]} where its probability exceeds {threshold:.4g}."]


def _reached(fit: FittedThreshold, figure: float) -> str:
    """A figure of the objective; of a constraint, what it maximises, or what is missing to it."""
    bounded, is_constraint, _ = fit.objective.partition(">=")
    if not is_constraint:
        return f"{figure:.3f}"
    if figure < 0:
        return f"{-figure:.3g} below the bound"
    return f"{'recall' if bounded.startswith('precision') else 'precision'} {figure:.3f}"
