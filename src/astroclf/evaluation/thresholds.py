"""Labels tuned on validation: class factors and thresholds, kept only where they hold up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from astroclf.evaluation.confusion import f1_of_class_1
from astroclf.evaluation.decision import Decision, to_labels
from astroclf.evaluation.threshold_search import (
    LEAST_GAIN,
    Objective,
    read_objective,
    search_factors,
)

FOLDS = 5
FEWEST_IMAGES = 20  # of each class, to tune on
PLAIN_THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class FittedThreshold:
    """What tuning the labels for `objective` brought on validation.

    - plain, tuned: the figure without tuning, and with it, cross-fitted: the labels of each of
      five stratified folds come from numbers fitted on the other four. Below 0 for a constraint,
      it is what is missing to the bound.
    - class_factors or thresholds: the numbers fitted on all of validation; the other is None.
    - labels: the cross-fitted labels, (N,) int64 or (N, K) bool.
    - kept: whether the numbers shall be used; if not, `reason` says in a sentence why. Of
      thresholds, those that shall not be used are 0.5, and `reason` tells how many they are.
    """

    objective: str
    plain: float
    tuned: float
    class_factors: tuple[float, ...] | None
    thresholds: tuple[float, ...] | None
    labels: np.ndarray
    kept: bool
    reason: str

    def apply_to(self, decision: Decision) -> Decision:
        """The decision with these numbers, or as it is where they are not kept."""
        if not self.kept:
            return decision
        return replace(decision, class_factors=self.class_factors, thresholds=self.thresholds)


def fit_threshold(
    probabilities: np.ndarray,
    targets: np.ndarray,
    objective: str,
    classes: Sequence[str],
    *,
    seed: int,
) -> FittedThreshold:
    """Class factors that maximise the objective on the validation images.

    They are kept if every class has 20 images and the cross-fitted gain is positive, and for a
    constraint if it can be met. See `threshold_search.search_factors` for how they are found.

    probabilities: (N, K), rows sum to 1. targets: (N,) int64. objective: see
    `threshold_search.read_objective`. seed: of the folds.
    Raises UserError for an objective that is not known, or not defined for so many classes.
    """
    chosen = read_objective(objective, len(classes))
    return _fit(probabilities, targets, chosen, classes, seed)


def fit_vote_thresholds(
    fractions: np.ndarray, votes: np.ndarray, answers: Sequence[str], *, seed: int
) -> FittedThreshold:
    """One threshold an answer that maximises its F1, on the validation images.

    An answer is true where at least half of the votes are for it. Each answer is tuned, and keeps
    its threshold or 0.5, by itself, by the rules of `fit_threshold`. plain and tuned are means
    over the answers; those with too few images to tune on count with 0.5 in both.

    fractions: (N, K) predicted, votes: (N, K) true, both in [0, 1]. seed: of the folds.
    """
    truth = (votes >= 0.5).astype(np.int64)
    f1 = Objective("f1", f1_of_class_1)
    fits = [
        _fit(np.stack([1 - p, p], axis=1), true, f1, (f"not {answer}", answer), seed)
        for p, true, answer in zip(fractions.astype(np.float64).T, truth.T, answers, strict=True)
    ]
    enough = [_scarcest(true, 2)[1] >= FEWEST_IMAGES for true in truth.T]
    plain_labels = fractions > PLAIN_THRESHOLD
    left = [answer for answer, fit in zip(answers, fits, strict=True) if not fit.kept]
    return FittedThreshold(
        objective="f1",
        plain=float(np.mean([fit.plain for fit in fits])),
        tuned=float(
            np.mean([fit.tuned if e else fit.plain for fit, e in zip(fits, enough, strict=True)])
        ),
        class_factors=None,
        thresholds=tuple(_threshold(fit) if fit.kept else PLAIN_THRESHOLD for fit in fits),
        labels=np.where(enough, np.stack([fit.labels for fit in fits], axis=1) == 1, plain_labels),
        kept=len(left) < len(answers),
        reason=_reason_for_answers(left, fits, answers),
    )


def stratified_folds(targets: np.ndarray, seed: int) -> np.ndarray:
    """(N,) int64 in 0..4: each class is dealt out evenly, in an order that the seed shuffles."""
    order = np.random.default_rng(seed).permutation(len(targets))
    order = order[np.argsort(targets[order], kind="stable")]
    folds = np.empty(len(targets), dtype=np.int64)
    folds[order] = np.arange(len(targets)) % FOLDS
    return folds


def _fit(
    probabilities: np.ndarray,
    targets: np.ndarray,
    objective: Objective,
    classes: Sequence[str],
    seed: int,
) -> FittedThreshold:
    n_classes = len(classes)
    factors = search_factors(probabilities, targets, objective)
    labels = np.empty(len(targets), dtype=np.int64)
    folds = stratified_folds(targets, seed)
    for fold in range(FOLDS):
        held = folds == fold
        of_others = search_factors(probabilities[~held], targets[~held], objective)
        labels[held] = to_labels(probabilities[held], of_others)
    plain = objective.value(to_labels(probabilities), targets, n_classes)
    tuned = objective.value(labels, targets, n_classes)
    fitted = objective.value(to_labels(probabilities, factors), targets, n_classes)
    reason = (
        _too_few(targets, classes)
        or _not_met(objective, fitted)
        or _no_gain(objective, plain, tuned)
    )
    return FittedThreshold(
        objective=objective.text,
        plain=plain,
        tuned=tuned,
        class_factors=tuple(factors.tolist()),
        thresholds=None,
        labels=labels,
        kept=not reason,
        reason=f"{reason}: labels stay those of the highest probability" if reason else "",
    )


def _threshold(fit: FittedThreshold) -> float:
    """On p_1, of the factors (t, 1 - t); below 1, so that a p_1 of 1 exceeds it."""
    assert fit.class_factors is not None
    return min(fit.class_factors[0], float(np.nextafter(1.0, 0.0)))


def _scarcest(targets: np.ndarray, n_classes: int) -> tuple[int, int]:
    """The class of which there are fewest images, and how many."""
    counts = np.bincount(targets, minlength=n_classes)
    return int(counts.argmin()), int(counts.min())


def _too_few(targets: np.ndarray, classes: Sequence[str]) -> str:
    k, n_images = _scarcest(targets, len(classes))
    if n_images >= FEWEST_IMAGES:
        return ""
    images = "image" if n_images == 1 else "images"
    return (
        f"val has {n_images} {images} of {classes[k]}, "
        f"fewer than the {FEWEST_IMAGES} that tuning needs"
    )


def _not_met(objective: Objective, fitted: float) -> str:
    if objective.bound is None or fitted >= 0:
        return ""
    closest = objective.bound + fitted
    return f"no threshold reaches {objective.text} on val (the closest is {closest:.4g})"


def _no_gain(objective: Objective, plain: float, tuned: float) -> str:
    if tuned - plain > LEAST_GAIN:
        return ""
    if objective.bound is not None and tuned < 0:
        reached = objective.bound + tuned
        return f"tuned for {objective.text}, val reaches {reached:.4g} when cross-fitted"
    return (
        f"tuning for {objective.text} gains nothing on val "
        f"({tuned:.4g} cross-fitted, {plain:.4g} without it)"
    )


def _reason_for_answers(
    left: Sequence[str], fits: Sequence[FittedThreshold], answers: Sequence[str]
) -> str:
    if not left:
        return ""
    first = fits[list(answers).index(left[0])].reason.split(": labels stay")[0]
    return (
        f"{len(left)} of {len(answers)} answers stay at {PLAIN_THRESHOLD}: {', '.join(left)} "
        f"(of {left[0]}, {first})"
    )
