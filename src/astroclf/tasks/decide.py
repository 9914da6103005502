"""The decision of a run: fitted on validation alone, or set by how common classes are in train."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from astroclf.data.dataset import TRAIN, VAL, ImageDataset
from astroclf.data.splits import leading_answers
from astroclf.evaluation.decisions.calibration import fit_temperature
from astroclf.evaluation.decisions.comparison import ComparedDecisions, compare_decisions
from astroclf.evaluation.decisions.cross_fitting import cross_fit, stratified_folds
from astroclf.evaluation.decisions.decision import (
    Decided,
    Decision,
    adjustment_factors,
    shift_of_alpha,
)
from astroclf.evaluation.decisions.thresholds import (
    FittedThreshold,
    fit_threshold,
    fit_vote_thresholds,
)
from astroclf.settings import Settings
from astroclf.status import status
from astroclf.tasks.scores import resampling_of
from astroclf.training.class_weights import class_weights

# Fewer images say too little of how sure a network may be.
FEWEST_FOR_TEMPERATURE = 50


@dataclass(frozen=True)
class FittedDecision:
    """What was fitted, and what it was fitted from.

    plain: as the network was trained. decision: what every label and probability comes from.
    threshold: how its labels were tuned, or None. notes: sentences on what could not be
    fitted, and why. val_probabilities: (N, K) of the validation images, with the temperature
    cross-fitted.
    """

    plain: Decision
    decision: Decision
    threshold: FittedThreshold | None
    notes: tuple[str, ...]
    val_probabilities: np.ndarray

    def sentences(self) -> list[str]:
        """The notes, and why labels were not tuned where they were not."""
        reason = self.threshold.reason if self.threshold is not None else ""
        return [*self.notes, *([reason] if reason else [])]


def plain_decision(settings: Settings, dataset: ImageDataset) -> Decision:
    """Return the activation that belongs to the loss, with the effect of its weights undone.

    Weights of vote fractions weigh both sides of an answer alike, so nothing is undone there.
    """
    loss = settings.loss
    activation = "sigmoid" if dataset.has_votes else loss.activation
    weights = None if dataset.has_votes else class_weights(loss.class_weights, dataset)
    return Decision(
        activation,
        logit_shift=shift_of_alpha(activation, getattr(loss, "alpha", None), len(dataset.classes)),
        focal_gamma=loss.focal_gamma,
        class_weights=None if weights is None else tuple(weights.tolist()),
    )


def adjust_to_shares(decision: Decision, strength: float, dataset: ImageDataset) -> Decision:
    """The decision with labels that favour classes which are rare in the training split."""
    counts = np.maximum(dataset.class_counts(TRAIN), 1)
    factors = adjustment_factors(counts / counts.sum(), strength)
    return replace(decision, class_factors=factors)


@status("fitting the decision")
def fit_decision(
    settings: Settings, dataset: ImageDataset, val_logits: np.ndarray
) -> FittedDecision:
    """Temperature, then thresholds, from the logits of the validation images and nothing else.

    In the place of thresholds, labels may be adjusted to how rare classes are in train.
    """
    evaluation = settings.evaluation
    targets = dataset.targets[dataset.indices(VAL)]
    groups = resampling_of(settings, dataset, dataset.indices(VAL)).groups
    plain = plain_decision(settings, dataset)
    decision, notes = plain, []
    cross_fitted = plain.probabilities(val_logits)
    if evaluation.temperature and len(targets) < FEWEST_FOR_TEMPERATURE:
        notes.append(
            f"val has {len(targets)} images, fewer than the {FEWEST_FOR_TEMPERATURE} that calibration needs: "
            "probabilities stay as the network gives them."
        )
    elif evaluation.temperature:
        temperature = fit_temperature(decision.probabilities(val_logits), targets)
        decision = replace(decision, temperature=temperature)
        folds = stratified_folds(
            leading_answers(dataset)[dataset.indices(VAL)], settings.seed, groups
        )
        cross_fitted = _cross_fit_temperature(plain, val_logits, targets, folds)
    if evaluation.threshold == "none":
        if evaluation.logit_adjustment > 0:
            decision = adjust_to_shares(decision, evaluation.logit_adjustment, dataset)
            notes.append(
                "Labels favour classes that are rare in train: the factor of a class is its share to the power "
                f"of -{evaluation.logit_adjustment:g} (logit adjustment)."
            )
        return FittedDecision(plain, decision, None, tuple(notes), cross_fitted)
    probabilities = decision.probabilities(val_logits)
    if dataset.has_votes:
        tuned = fit_vote_thresholds(
            probabilities, targets, dataset.classes, seed=settings.seed, groups=groups
        )
    else:
        tuned = fit_threshold(
            probabilities,
            targets,
            evaluation.threshold,
            dataset.classes,
            seed=settings.seed,
            groups=groups,
        )
    return FittedDecision(plain, tuned.apply_to(decision), tuned, tuple(notes), cross_fitted)


def _cross_fit_temperature(
    plain: Decision, logits: np.ndarray, targets: np.ndarray, folds: np.ndarray
) -> np.ndarray:
    """Probabilities (N, K) of each fold with the temperature of the other folds."""
    uncalibrated = plain.probabilities(logits)

    def calibrate(fitted_on: np.ndarray, held: np.ndarray) -> np.ndarray:
        temperature = fit_temperature(uncalibrated[fitted_on], targets[fitted_on])
        return replace(plain, temperature=temperature).probabilities(logits[held])

    return cross_fit(calibrate, folds)


@status("comparing decisions")
def compare_with_plain(
    settings: Settings,
    dataset: ImageDataset,
    fitted: FittedDecision,
    split: str,
    logits: np.ndarray,
) -> ComparedDecisions:
    """The figures of a split without and with what was fitted; on val both temperature and labels
    are cross-fitted.

    Labels that were tuned but are not kept are compared too, so that a reader sees why.
    """
    positions = dataset.indices(split)
    plain = fitted.plain.probabilities(logits)
    probabilities = fitted.decision.probabilities(logits)
    tuned = fitted.threshold
    if tuned is None:
        labels = fitted.decision.labels(probabilities)
    elif split == VAL:
        labels = tuned.labels
    else:
        with_factors = replace(
            fitted.decision, class_factors=tuned.class_factors, thresholds=tuned.thresholds
        )
        labels = with_factors.labels(probabilities)
    if split == VAL:
        probabilities = fitted.val_probabilities
    return compare_decisions(
        Decided(plain, fitted.plain.labels(plain)),
        Decided(probabilities, labels),
        dataset.targets[positions],
        dataset.classes,
        bins=settings.evaluation.calibration_bins,
        resampling=resampling_of(settings, dataset, positions),
    )
