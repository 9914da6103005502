"""Comparison of the metrics of one split without and with a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.intervals import Measured, estimate, measured
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metrics.confusion import ratio
from astroclf.evaluation.metrics.label_intervals import (
    first_note,
    measure_overall,
    notes_of_classes,
)
from astroclf.evaluation.metrics.label_sums import LabelSums, calibration_bin
from astroclf.evaluation.resampling import Figures, Replicates, Resampling, replicate
from astroclf.settings.metrics import METRICS

OF_LABELS = ("accuracy", "balanced_accuracy", "macro_f1", "mcc", "ece", "brier")
OF_VOTES = ("accuracy", "macro_f1", "ece", "brier")


@dataclass(frozen=True)
class Comparison:
    """One metric without the decision and with it; gain: the improvement."""

    plain: Measured
    tuned: Measured
    gain: Measured


@dataclass(frozen=True, eq=False)
class ComparedDecisions:
    """One split without the decision and with it.

    metrics: metric of `OF_LABELS` or `OF_VOTES` -> its comparison.
    """

    plain: Predicted
    tuned: Predicted
    metrics: dict[str, Comparison]


def compare_decisions(
    plain: Predicted, tuned: Predicted, labels: Labels, bins: int, resampling: Resampling
) -> ComparedDecisions:
    """Return the metrics of both decisions, and the gains, with 95 % intervals.

    The interval of a gain is a paired one, from the same resamples for both: it leaves out the luck
    of the images, which both decisions share. ece and its gain have none.

    - Classes: the metrics of `label_metrics.score_labels`.
    - Votes: an answer is true where at least half of the votes are for it. accuracy is over all
      images and answers, macro_f1 the mean over the answers (0 for one that is neither true nor
      given), brier the mean squared distance to the fraction, ece that of Guo et al. (2017,
      arXiv:1706.04599, equation 3) with fractions for frequencies, all answers together.

    bins: of confidence, for ece.
    """
    metrics = COMPARE[labels.kind](plain, tuned, labels, bins, resampling)
    return ComparedDecisions(plain, tuned, metrics)


def _compare_labels(
    plain: Predicted, tuned: Predicted, labels: Labels, bins: int, resampling: Resampling
) -> dict[str, Comparison]:
    targets = labels.targets
    sums = [LabelSums(each, targets, bins) for each in (plain, tuned)]
    replicates = _replicate_both(
        (sums[0].figures, sums[1].figures), OF_LABELS, len(labels), resampling, targets
    )
    notes = notes_of_classes(labels, resampling)
    before, after = (
        measure_overall(OF_LABELS, replicates[side], sums[side], notes) for side in range(2)
    )
    smallest = first_note(*notes)
    return {
        name: Comparison(
            before[name],
            after[name],
            _gain(name, replicates[2][name], smallest if METRICS[name].is_class_mean else ""),
        )
        for name in OF_LABELS
    }


def _compare_votes(
    plain: Predicted, tuned: Predicted, labels: Labels, bins: int, resampling: Resampling
) -> dict[str, Comparison]:
    sums = [_VoteSums(each, labels.targets, bins) for each in (plain, tuned)]
    before, after, gains = _replicate_both(
        (sums[0].figures, sums[1].figures), OF_VOTES, len(labels), resampling
    )
    return {
        name: Comparison(
            _side(name, before[name]), _side(name, after[name]), _gain(name, gains[name])
        )
        for name in OF_VOTES
    }


def _replicate_both(
    both: tuple[Figures, Figures],
    metrics: Sequence[str],
    n_images: int,
    resampling: Resampling,
    strata: np.ndarray | None = None,
) -> list[dict[str, Replicates]]:
    """Return the replicates without the decision, with it, and of the gains, from the same resamples."""

    def figures(weights: np.ndarray) -> dict[str, np.ndarray]:
        before, after = (side(weights) for side in both)
        gains = {name: METRICS[name].gain(after[name], before[name]) for name in metrics}
        parts = zip(("plain", "tuned", "gain"), (before, after, gains), strict=True)
        return {f"{part} {name}": each for part, of in parts for name, each in of.items()}

    found = replicate(figures, n_images, resampling, strata)
    return [
        {key.removeprefix(part): each for key, each in found.items() if key.startswith(part)}
        for part in ("plain ", "tuned ", "gain ")
    ]


def _side(metric: str, replicates: Replicates) -> Measured:
    if metric == "ece":
        return measured(float(replicates.value), None)
    return estimate(replicates, METRICS[metric].scale)


def _gain(metric: str, replicates: Replicates, note: str = "") -> Measured:
    if metric == "ece":
        return measured(float(replicates.value), None)
    return estimate(replicates, "linear", note)


class _VoteSums:
    """Metrics of `OF_VOTES` for any weights (R, N), each (R,)."""

    def __init__(self, predictions: Predicted, votes: np.ndarray, bins: int) -> None:
        fractions, votes = predictions.probabilities.astype(np.float64), votes.astype(np.float64)
        truth, given = votes >= 0.5, predictions.labels
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


COMPARE = {"classes": _compare_labels, "votes": _compare_votes}
