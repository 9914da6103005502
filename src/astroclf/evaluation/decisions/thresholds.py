"""Labels tuned on validation: class factors and thresholds, kept only where they hold up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from astroclf.evaluation.decisions.activation import PLAIN_THRESHOLD, most_probable
from astroclf.evaluation.decisions.cross_fitting import cross_fit, stratified_folds
from astroclf.evaluation.decisions.decision import Decision
from astroclf.evaluation.decisions.threshold_search import (
    LEAST_GAIN,
    Objective,
    read_objective,
    search_factors,
)
from astroclf.evaluation.intervals import t_interval
from astroclf.evaluation.labels import ClassLabels, Labels
from astroclf.evaluation.metrics.confusion import f1_of_class_1
from astroclf.evaluation.resampling import Resampling, group_index, replicate

REPEATS = 5  # of the cross-fitting, each with other folds
# Of the interval of the gain. At 0.95, two of 60 runs in which no gain is possible keep labels that
# are worse; at 0.99, none or one.
GAIN_LEVEL = 0.99
RESAMPLES = 400  # behind the interval of the gain
FEWEST = 20  # images of each class, or groups that hold some, to tune on


@dataclass(frozen=True, eq=False)
class FittedThreshold:
    """Labels tuned for `objective` on validation, and the gain.

    - plain, tuned: the figure without tuning, and with it, cross-fitted: the labels of each of
      five stratified folds come from numbers fitted on the other four. Of five cross-fittings it
      is the median one. Below 0, of a constraint, it is the distance of its lower confidence bound to the constraint.
    - class_factors or thresholds: the numbers fitted on all of validation; the other is None.
    - labels: the cross-fitted labels, (N,) int64 or (N, K) bool.
    - kept: whether the numbers are used; if not, `reason` is the reason, in a sentence. Thresholds
      that are not used are 0.5, and `reason` counts them.
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
        """Return the decision with these numbers, or unchanged if they are not kept."""
        if not self.kept:
            return decision
        return replace(decision, class_factors=self.class_factors, thresholds=self.thresholds)


def fit_threshold(
    probabilities: np.ndarray, labels: Labels, objective: str, seed: int
) -> FittedThreshold:
    """Fit the labels to an objective on the validation images; return the numbers and the gain.

    Classes get factors, see `fit_class_factors`, and answers thresholds, see `fit_vote_thresholds`.
    """
    return FIT[labels.kind](probabilities, labels, objective, seed)


def fit_class_factors(
    probabilities: np.ndarray, labels: Labels, objective: str, seed: int
) -> FittedThreshold:
    """Fit class factors that maximize the objective on the validation images.

    They are kept if every class has 20 images (or is in 20 groups) and the lower end of the paired
    99 % interval of the gain, over repeated cross-fitting, is above 0. A constraint has to be met
    by the lower confidence bound of the cross-fitted labels. See `threshold_search.search_factors`
    for how they are found.

    probabilities: (N, K), rows sum to 1. labels: their groups stay whole in the folds. objective:
    see `threshold_search.read_objective`. seed: of the folds.
    Raises UserError for an objective that is not known, or not defined for so many classes.
    """
    groups, classes = labels.groups, labels.classes
    images_per_unit = 1.0 if groups is None else len(groups) / max(1, len(np.unique(groups)))
    chosen = read_objective(objective, len(classes), images_per_unit)
    if chosen.bound is not None:
        chosen = replace(chosen, text=chosen.text.replace(">=", f"of {classes[1]} >="))
    return _fit(probabilities, labels, chosen, Resampling(RESAMPLES, seed, groups))


def fit_vote_thresholds(
    fractions: np.ndarray, labels: Labels, objective: str, seed: int
) -> FittedThreshold:
    """Fit one threshold an answer that maximizes its F1 on the validation images.

    An answer is true where at least half of the votes are for it. Each answer is tuned, and keeps
    its threshold or 0.5, by itself, by the rules of `fit_class_factors`. plain and tuned are means
    over the answers; those with too few images to tune on count with 0.5 in both.

    fractions: (N, K) predicted, in [0, 1]. labels: their groups stay whole in the folds. objective:
    of the settings, which is macro_f1. seed: of the folds.
    """
    answers, groups = labels.classes, labels.groups
    truth = (labels.targets >= 0.5).astype(np.int64)
    f1, resampling = Objective("f1", f1_of_class_1), Resampling(RESAMPLES, seed, groups)
    fits = [
        _fit(
            np.stack([1 - p, p], axis=1),
            ClassLabels(true, (f"not {answer}", answer), groups),
            f1,
            resampling,
        )
        for p, true, answer in zip(fractions.astype(np.float64).T, truth.T, answers, strict=True)
    ]
    enough = [_scarcest(true, 2, groups)[1] >= FEWEST for true in truth.T]
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


def _fit(
    probabilities: np.ndarray, labels: Labels, objective: Objective, resampling: Resampling
) -> FittedThreshold:
    targets, classes = labels.targets, labels.classes
    factors = search_factors(probabilities, targets, objective)

    def label_others(fitted_on: np.ndarray, held: np.ndarray) -> np.ndarray:
        of_others = search_factors(probabilities[fitted_on], targets[fitted_on], objective)
        return most_probable(probabilities[held], of_others)

    repeated = [
        cross_fit(label_others, stratified_folds(targets, seed, resampling.groups))
        for seed in range(resampling.seed, resampling.seed + REPEATS)
    ]

    def value(labels: np.ndarray) -> float:
        return objective.value(labels, targets, len(classes))

    plain_labels, tuned_labels = (
        most_probable(probabilities),
        sorted(repeated, key=value)[REPEATS // 2],
    )
    plain, tuned = value(plain_labels), value(tuned_labels)
    fitted = value(most_probable(probabilities, factors))
    reason = (
        _too_few(targets, classes, resampling.groups)
        or _not_met(objective, fitted, "no threshold has")
        or _not_met(objective, tuned, "cross-fitted labels have only")
        or _no_gain(objective, plain, plain_labels, repeated, targets, resampling)
    )
    return FittedThreshold(
        objective=objective.text,
        plain=plain,
        tuned=tuned,
        class_factors=tuple(factors.tolist()),
        thresholds=None,
        labels=tuned_labels,
        kept=not reason,
        reason=f"{reason}: labels stay those of the highest probability" if reason else "",
    )


def _threshold(fit: FittedThreshold) -> float:
    """On p_1, of the factors (t, 1 - t); below 1, so that a p_1 of 1 exceeds it."""
    assert fit.class_factors is not None
    return min(fit.class_factors[0], float(np.nextafter(1.0, 0.0)))


def _scarcest(targets: np.ndarray, n_classes: int, groups: np.ndarray | None) -> tuple[int, int]:
    """Return the class with the fewest images, or groups with images of it, and their number."""
    units = np.arange(len(targets)) if groups is None else group_index(groups)
    counts = np.array([len(np.unique(units[targets == k])) for k in range(n_classes)])
    return int(counts.argmin()), int(counts.min())


def _too_few(targets: np.ndarray, classes: Sequence[str], groups: np.ndarray | None) -> str:
    k, n = _scarcest(targets, len(classes), groups)
    if n >= FEWEST:
        return ""
    units = ("image" if groups is None else "group") + ("" if n == 1 else "s")
    held = "" if groups is None else " with images"
    return f"val has {n} {units}{held} of {classes[k]}, fewer than the {FEWEST} that tuning needs"


def _not_met(objective: Objective, reached: float, subject: str) -> str:
    if objective.bound is None or reached >= 0:
        return ""
    low = objective.bound + reached
    return (
        f"{objective.text} is not met on val with 95 % confidence: "
        f"{subject} a lower bound of {low:.4g}"
    )


def _no_gain(
    objective: Objective,
    plain: float,
    plain_labels: np.ndarray,
    repeated: Sequence[np.ndarray],
    targets: np.ndarray,
    resampling: Resampling,
) -> str:
    """Return the reason if the paired interval of the gain holds 0; "" for a bound that is newly met."""
    if objective.bound is not None and plain < 0:
        return ""
    measure = objective.gained or objective.measure
    one_hot = np.eye(int(max(targets.max(), plain_labels.max(), np.max(repeated))) + 1)

    def of(labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
        truth, given = one_hot[targets], one_hot[labels]
        return measure(weights @ truth, weights @ given, weights @ (truth * given))

    def gains(weights: np.ndarray) -> dict[str, np.ndarray]:
        tuned = np.mean([of(labels, weights) for labels in repeated], axis=0)
        return {"gain": tuned - of(plain_labels, weights)}

    found = replicate(gains, len(targets), resampling, targets)["gain"]
    gain = float(found.value)
    low, high = t_interval(gain, float(found.error), found.dof, "linear", GAIN_LEVEL) or (
        gain,
        gain,
    )
    if low > LEAST_GAIN:
        return ""
    return (
        f"tuning for {objective.text} has no gain on val beyond its error "
        f"({gain:+.4f} [{low:+.4f}, {high:+.4f}] when cross-fitted)"
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


FIT = {"classes": fit_class_factors, "votes": fit_vote_thresholds}
