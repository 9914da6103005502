"""What a decision brings: the same images with and without it, measured alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from astroclf.evaluation.confusion import ratio
from astroclf.evaluation.intervals import Measured, bootstrap
from astroclf.evaluation.label_sums import LabelSums, calibration_bin
from astroclf.evaluation.metrics import gain

OF_LABELS = ("accuracy", "balanced_accuracy", "macro_f1", "mcc", "ece", "brier")
OF_VOTES = ("accuracy", "macro_f1", "ece", "brier")


@dataclass(frozen=True, eq=False)
class Decided:
    """What a `Decision` says of N images.

    probabilities: (N, K) of classes, or predicted vote fractions.
    labels: (N,) int64 classes, or for vote fractions (N, K) bool answers.
    """

    probabilities: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Comparison:
    """One metric without the decision and with it; gain: how much better it is with it."""

    plain: Measured
    tuned: Measured
    gain: Measured


@dataclass(frozen=True, eq=False)
class ComparedDecisions:
    """One split without the decision and with it.

    targets: (N,) int64 classes or (N, K) vote fractions in [0, 1].
    metrics: metric of `OF_LABELS` or `OF_VOTES` -> its comparison.
    """

    plain: Decided
    tuned: Decided
    targets: np.ndarray
    metrics: dict[str, Comparison]


def compare_decisions(
    plain: Decided,
    tuned: Decided,
    targets: np.ndarray,
    *,
    bins: int,
    groups: np.ndarray | None,
    resamples: int,
    seed: int,
) -> ComparedDecisions:
    """Measure both decisions, and the gain, with 95 % bootstrap intervals.

    All come from the same resamples, so that the interval of a gain is a paired one: it leaves
    out the luck of the images, which both decisions share.

    - Classes: the metrics of `label_metrics.score_labels`.
    - Votes: an answer is true where at least half of the votes are for it. accuracy is over all
      images and answers, macro_f1 the mean over the answers (0 for one that is neither true nor
      given), brier the mean squared distance to the fraction, ece that of Guo et al. (2017,
      arXiv:1706.04599, equation 3) with fractions for frequencies, all answers together.

    targets: (N,) int64, or (N, K) vote fractions. bins: of confidence, for ece. groups, resamples,
    seed: see `intervals.bootstrap`.
    """
    has_votes = targets.ndim == 2
    names = OF_VOTES if has_votes else OF_LABELS
    sums = [_figures_of(decided, targets, bins) for decided in (plain, tuned)]

    def statistic(weights: np.ndarray) -> np.ndarray:
        """(R, 3 M): each metric plain, tuned and gained."""
        before, after = (figures(weights) for figures in sums)
        columns = [
            (before[name], after[name], gain(name, after[name], before[name])) for name in names
        ]
        return np.column_stack([values for column in columns for values in column])

    figures = iter(
        bootstrap(statistic, len(targets), groups=groups, resamples=resamples, seed=seed)
    )
    metrics = {name: Comparison(next(figures), next(figures), next(figures)) for name in names}
    return ComparedDecisions(plain, tuned, targets, metrics)


def _figures_of(
    decided: Decided, targets: np.ndarray, bins: int
) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    if targets.ndim == 2:
        return _VoteSums(decided, targets, bins).figures
    return LabelSums(decided.probabilities, targets, bins, decided.labels).figures


class _VoteSums:
    """The metrics of `OF_VOTES` for any weights (R, N), each (R,)."""

    def __init__(self, decided: Decided, votes: np.ndarray, bins: int) -> None:
        fractions, votes = decided.probabilities.astype(np.float64), votes.astype(np.float64)
        truth, given = votes >= 0.5, decided.labels
        bin_of = calibration_bin(fractions, bins)
        too_high = fractions - votes
        gaps = [np.where(bin_of == b, too_high, 0.0).mean(axis=1) for b in range(bins)]
        tables = (
            truth,
            given,
            truth & given,
            np.stack(gaps, axis=1),
            np.mean(truth == given, axis=1, keepdims=True),
            np.mean(too_high**2, axis=1, keepdims=True),
        )
        self._table = np.hstack([table.astype(np.float64) for table in tables])
        self._edges = np.cumsum([table.shape[1] for table in tables])[:-1]

    def figures(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        sums = np.split(weights @ self._table, self._edges, axis=1)
        true, given, hits, gaps, right, squares = sums
        n = weights.sum(axis=1)
        return {
            "accuracy": ratio(right[:, 0], n),
            "macro_f1": np.nan_to_num(ratio(2 * hits, true + given)).mean(axis=1),
            "ece": ratio(np.abs(gaps).sum(axis=1), n),
            "brier": ratio(squares[:, 0], n),
        }
