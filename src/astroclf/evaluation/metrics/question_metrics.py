"""Metrics of the questions of a decision tree of votes."""

from __future__ import annotations

import numpy as np

from astroclf.evaluation.decisions.tree_activation import shares_of
from astroclf.evaluation.intervals import Measured, estimate, measured
from astroclf.evaluation.labels import VoteLabels
from astroclf.evaluation.metrics.confusion import ratio
from astroclf.evaluation.metrics.label_sums import calibration_bin
from astroclf.evaluation.resampling import Resampling, replicate
from astroclf.settings.metrics import METRICS
from astroclf.vote_tree import Question


def score_questions(
    predictions: np.ndarray, labels: VoteLabels, bins: int, resampling: Resampling
) -> dict[str, dict[str, Measured | int]]:
    """Return question -> the number of images that anybody answered it for, `n`, rmse and ece.

    - rmse: root mean square error of the fractions of its answers, with a 95 % interval.
    - ece: expected calibration error of the shares among those who reached the question, in `bins`
      equally wide bins: the mean over its answers (class-wise ECE: Kull et al. 2019,
      arXiv:1910.12656), since errors of answers in one bin would cancel. An image weighs as many
      votes as reached the question in it. Without interval, since it is too large on few images.

    Nothing for votes without a tree.

    predictions: (N, K) fractions.
    """
    found: dict[str, dict[str, Measured | int]] = {}
    for question in () if labels.tree is None else labels.tree.questions:
        statistic = QuestionStatistic(question, predictions, labels, bins)
        replicates = replicate(statistic.figures, len(labels), resampling)
        found[question.name] = {
            "n": statistic.n_answered,
            "rmse": estimate(replicates["rmse"], METRICS["rmse"].scale),
            "ece": measured(float(replicates["ece"].value), None),
        }
    return found


class QuestionStatistic:
    """Metrics of one question for any weights (R, N)."""

    def __init__(
        self, question: Question, predictions: np.ndarray, labels: VoteLabels, bins: int
    ) -> None:
        columns = [list(labels.classes).index(name) for name in question.answers]
        truth = labels.targets[:, columns].astype(np.float64)
        fractions = predictions[:, columns].astype(np.float64)
        reach = truth.sum(axis=1)
        votes = reach * _volunteers(labels)
        shares = shares_of(fractions)
        too_high = (shares - shares_of(truth)) * votes[:, None]
        bin_of = calibration_bin(shares, bins)
        gaps = np.hstack([np.where(bin_of == b, too_high, 0.0) for b in range(bins)])
        squares = ((fractions - truth) ** 2).mean(axis=1)
        self._table = np.column_stack([squares, votes * len(columns), gaps])
        self.n_answered = int(np.sum(reach > 0))

    def figures(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Return rmse and ece, each (R,)."""
        squares, votes, gaps = np.split(weights @ self._table, (1, 2), axis=1)
        return {
            "rmse": np.sqrt(ratio(squares[:, 0], weights.sum(axis=1))),
            "ece": ratio(np.abs(gaps).sum(axis=1), votes[:, 0]),
        }


def _volunteers(labels: VoteLabels) -> np.ndarray:
    """Return (N,) volunteers of each image, their mean where unknown; 1 where all are."""
    counts = labels.vote_counts
    if counts is None or not np.isfinite(counts).any():
        return np.ones(len(labels))
    known = np.isfinite(counts)
    return np.where(known, counts, counts[known].mean())
