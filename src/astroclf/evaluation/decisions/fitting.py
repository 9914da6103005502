"""Fit of a decision on the validation split: temperature, then thresholds and prediction sets."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from astroclf.evaluation.decisions.calibration import fit_temperature
from astroclf.evaluation.decisions.conformal import fit_prediction_sets, notes_of_small_classes
from astroclf.evaluation.decisions.cross_fitting import cross_fit, stratified_folds
from astroclf.evaluation.decisions.decision import Decision, Predicted, adjustment_factors
from astroclf.evaluation.decisions.thresholds import FittedThreshold, fit_threshold
from astroclf.evaluation.labels import Labels
from astroclf.settings import Settings

FEWEST_FOR_TEMPERATURE = 50  # images; fewer leave the temperature too uncertain


@dataclass(frozen=True, eq=False)
class FittedDecision:
    """A decision and the record of its fit.

    plain: the decision as the network was trained. decision: the source of every label and
    probability. threshold: the tuning of its labels; None if labels are not tuned. notes:
    sentences on what was not fitted, and why. cross_fitted: predictions for the validation images
    with temperature and labels cross-fitted; None for a decision that was not fitted here.
    """

    plain: Decision
    decision: Decision
    threshold: FittedThreshold | None = None
    notes: tuple[str, ...] = ()
    cross_fitted: Predicted | None = None

    def sentences(self) -> list[str]:
        """Return the notes, and the reason why tuned labels are not used, if they are not."""
        reason = self.threshold.reason if self.threshold is not None else ""
        return [*self.notes, *([reason] if reason else [])]

    def tuned(self, logits: np.ndarray) -> Predicted:
        """Return predictions with the tuned labels, even where these are not used."""
        probabilities = self.decision.probabilities(logits)
        decision = self.decision
        if self.threshold is not None:
            decision = replace(
                decision,
                class_factors=self.threshold.class_factors,
                thresholds=self.threshold.thresholds,
            )
        return Predicted(probabilities, decision.labels(probabilities))


def fit_decision(
    settings: Settings, plain: Decision, logits: np.ndarray, labels: Labels, train: Labels
) -> FittedDecision:
    """Fit a temperature, then thresholds and prediction sets, to the validation images alone.

    Instead of thresholds, labels may be adjusted to the class frequencies of train.

    plain: the decision that belongs to the loss. logits: (N, K) of the validation images.
    """
    evaluation = settings.evaluation
    decision, notes = plain, []
    probabilities = plain.probabilities(logits)
    if evaluation.temperature and len(labels) < FEWEST_FOR_TEMPERATURE:
        notes.append(
            f"val has {len(labels)} images, fewer than the {FEWEST_FOR_TEMPERATURE} that calibration needs: "
            "probabilities are not calibrated."
        )
    elif evaluation.temperature:
        temperature = fit_temperature(probabilities, labels, plain.activation)
        decision = replace(plain, temperature=temperature)
        probabilities = _cross_fit_temperature(settings, plain, logits, labels)
    if evaluation.conformal is not None:
        decision = with_prediction_sets(decision, logits, labels, evaluation.conformal)
        notes += notes_of_sets(decision, labels)
    if evaluation.threshold != "none":
        calibrated = decision.probabilities(logits)
        tuned = fit_threshold(calibrated, labels, evaluation.threshold, settings.seed)
        cross_fitted = Predicted(probabilities, tuned.labels)
        return FittedDecision(plain, tuned.apply_to(decision), tuned, tuple(notes), cross_fitted)
    if evaluation.logit_adjustment > 0:
        decision = adjust_to_shares(decision, evaluation.logit_adjustment, train)
        notes.append(
            "Labels favor classes that are rare in train: the factor of a class is its share to the power "
            f"of -{evaluation.logit_adjustment:g} (logit adjustment)."
        )
    cross_fitted = Predicted(probabilities, decision.predict(logits).labels)
    return FittedDecision(plain, decision, None, tuple(notes), cross_fitted)


def with_prediction_sets(
    decision: Decision, logits: np.ndarray, labels: Labels, level: float
) -> Decision:
    """Return the decision with prediction sets of a level, fitted to the validation images."""
    probabilities = decision.probabilities(logits)
    sets = fit_prediction_sets(probabilities, labels.targets, labels.groups, level)
    return replace(decision, conformal=sets)


def notes_of_sets(decision: Decision, labels: Labels) -> list[str]:
    """Return sentences on the limits of the prediction sets."""
    if decision.conformal is None:
        return []
    return notes_of_small_classes(
        decision.conformal, labels.targets, labels.groups, tuple(labels.classes)
    )


def adjust_to_shares(decision: Decision, strength: float, train: Labels) -> Decision:
    """Return the decision with labels that favor classes which are rare in the training split."""
    counts = np.maximum(np.bincount(train.leading, minlength=len(train.classes)), 1)
    factors = adjustment_factors(counts / counts.sum(), strength)
    return replace(decision, class_factors=factors)


def _cross_fit_temperature(
    settings: Settings, plain: Decision, logits: np.ndarray, labels: Labels
) -> np.ndarray:
    """Return the probabilities (N, K) of each fold with the temperature of the other folds."""
    folds = stratified_folds(labels.leading, settings.seed, labels.groups)
    uncalibrated = plain.probabilities(logits)

    def calibrate(fitted_on: np.ndarray, held: np.ndarray) -> np.ndarray:
        temperature = fit_temperature(
            uncalibrated[fitted_on], labels.of_images(fitted_on), plain.activation
        )
        return replace(plain, temperature=temperature).probabilities(logits[held])

    return cross_fit(calibrate, folds)
