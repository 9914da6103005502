"""What the report says of how labels are decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from astroclf.evaluation.decisions.decision import Decision
from astroclf.evaluation.decisions.thresholds import FittedThreshold
from astroclf.reports.run import plots
from astroclf.reports.run.content import DecisionContent, ReportContent
from astroclf.settings.metrics import METRICS

IN_FIGURES = ("ece", "brier")  # metrics that stand beside the reliability diagrams


@dataclass(frozen=True)
class DecisionSection:
    """The parts of the section that the page cannot take as they are.

    sentences: what was done to probabilities and labels, and why.
    numbers: name of a class or answer -> its factor or threshold; empty where a sentence says it.
    notes: metric -> what it is, of the metrics in the table.
    before, after: reliability diagrams of the split that the figures show, as SVG.
    """

    sentences: Sequence[str]
    numbers: dict[str, float]
    notes: dict[str, str]
    before: str
    after: str


def decision_section(content: ReportContent) -> DecisionSection | None:
    given = content.decision
    if given is None:
        return None
    shown = given.splits[content.shown_split]
    before, after = (
        plots.reliability(
            decided.probabilities,
            shown.targets,
            content.calibration_bins,
            name,
            grouped=content.resampled_groups,
        )
        for decided, name in (
            (shown.plain, "Reliability before calibration"),
            (shown.tuned, "Reliability after calibration"),
        )
    )
    numbers = label_numbers(given, content.classes)
    threshold = threshold_of_two(given, content.classes)
    sentences = [
        *calibration_sentences(given.decision),
        *given.notes,
        *label_sentences(given),
        *threshold,
    ]
    return DecisionSection(
        sentences,
        {} if threshold else numbers,
        {name: METRICS[name].description for name in shown.metrics if name not in IN_FIGURES},
        before,
        after,
    )


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


def label_sentences(content: DecisionContent) -> list[str]:
    """What is done to the labels, and why or why not."""
    fit, decision = content.fit, content.decision
    votes = decision.activation == "sigmoid"
    untuned = (
        "An answer is given where its fraction exceeds 0.5."
        if votes
        else "Each image gets the label of its highest probability."
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


def label_numbers(content: DecisionContent, names: Sequence[str]) -> dict[str, float]:
    """Name -> factor or threshold: those in use, or those that were fitted and not kept."""
    source = content.fit or content.decision
    numbers = source.class_factors or source.thresholds
    return {} if numbers is None else dict(zip(names, numbers, strict=True))


def threshold_of_two(content: DecisionContent, names: Sequence[str]) -> list[str]:
    """A sentence with the threshold that two class factors are, or nothing."""
    factors = (content.fit or content.decision).class_factors
    if factors is None or len(factors) != 2:
        return []
    threshold = factors[0] / (factors[0] + factors[1])
    not_used = content.fit is not None and not content.fit.kept
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
