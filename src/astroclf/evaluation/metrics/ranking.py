"""Areas under curves of ranked images, for many weightings of the same images at once."""

from __future__ import annotations

import numpy as np


class Ranking:
    """Images of one class against all others, ranked by score once.

    scores: (N,) float, higher means more likely of the class.
    positive: (N,) bool, whether the image is of the class.
    """

    def __init__(self, scores: np.ndarray, positive: np.ndarray) -> None:
        self._order = np.argsort(-scores, kind="stable")
        # Images with equal scores pass a threshold together: only the last of each tie counts.
        differs = np.diff(scores[self._order], append=-np.inf) != 0
        self._tie_ends = None if differs.all() else np.flatnonzero(differs)
        self._positive = positive[self._order].astype(np.float64)

    def areas(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """ROC-AUC and average precision, each (R,), for weights (R, N).

        ROC-AUC by the trapezoidal rule; average precision is the sum of precision times gain in
        recall, without interpolation: both as scikit-learn defines them. NaN where there is no
        positive; for ROC-AUC also where there is no negative.
        """
        if len(self._order) == 0:
            undefined = np.full(len(weights), np.nan)
            return undefined, undefined
        ranked = np.take(weights, self._order, axis=1)
        passed = self._cumulated(ranked)
        hits = self._cumulated(np.multiply(ranked, self._positive, out=ranked))
        misses = passed - hits
        positives, negatives = hits[:, -1], misses[:, -1]
        gained = np.diff(hits, axis=1, prepend=0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            precision = np.divide(hits, passed, out=passed, where=passed > 0)
            average_precision = np.einsum("rn,rn->r", precision, gained) / positives
            midway = misses
            if self._tie_ends is not None:
                midway = misses - 0.5 * np.diff(misses, axis=1, prepend=0.0)
            roc_auc = 1.0 - np.einsum("rn,rn->r", gained, midway) / (positives * negatives)
        return roc_auc, average_precision

    def _cumulated(self, ranked: np.ndarray) -> np.ndarray:
        sums = np.cumsum(ranked, axis=1)
        return sums if self._tie_ends is None else sums[:, self._tie_ends]


def roc_curve(scores: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rate at every distinct score, from (0, 0) to (1, 1), each (P,).

    Needs at least one positive and one negative image.
    """
    order = np.argsort(-scores, kind="stable")
    hit = positive[order]
    ends = np.flatnonzero(np.diff(scores[order], append=-np.inf) != 0)
    true_rate = np.append(0.0, np.cumsum(hit)[ends] / hit.sum())
    false_rate = np.append(0.0, np.cumsum(~hit)[ends] / (~hit).sum())
    return false_rate, true_rate


def precision_recall_curve(
    scores: np.ndarray, positive: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Recall (completeness) and precision (purity) at every distinct score, from the highest, each (P,).

    Their steps bound the area that average precision measures. Needs at least one positive image.
    """
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    ends = np.flatnonzero(np.diff(scores[order], append=-np.inf) != 0)
    return hits[ends] / hits[-1], hits[ends] / (ends + 1)
