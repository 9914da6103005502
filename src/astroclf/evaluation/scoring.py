"""Scoring: from predictions and true labels to the metrics of their kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astroclf.evaluation.decisions.comparison import ComparedDecisions, compare_decisions
from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.intervals import Measured
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metrics.fold_metrics import rank_in_folds
from astroclf.evaluation.metrics.label_metrics import (
    mean_with_intervals,
    score_labels,
    score_labels_with_intervals,
)
from astroclf.evaluation.metrics.risk_coverage import RiskCoverage, risk_coverage
from astroclf.evaluation.metrics.scores import Scores
from astroclf.evaluation.metrics.set_metrics import SetScores, score_sets
from astroclf.evaluation.metrics.vote_metrics import score_votes, score_votes_with_intervals
from astroclf.evaluation.resampling import Resampling
from astroclf.settings import Settings

VALUES = {"classes": score_labels, "votes": score_votes}
SCORES = {"classes": score_labels_with_intervals, "votes": score_votes_with_intervals}
# Without entries for votes: metrics of vote fractions are the same for one network and several.
MEAN_OF_NETWORKS = {"classes": mean_with_intervals}
RANKED_IN_FOLDS = {"classes": rank_in_folds}
RISK_COVERAGE = {"classes": risk_coverage}


@dataclass(frozen=True)
class Scorer:
    """Settings of scoring.

    bins: of confidence, for the calibration error. resamples: bootstrap resamples behind each
    interval; 0 for no intervals.
    """

    bins: int
    resamples: int
    seed: int

    @classmethod
    def from_settings(cls, settings: Settings) -> Scorer:
        evaluation = settings.evaluation
        return cls(evaluation.calibration_bins, evaluation.bootstrap_resamples, settings.seed)

    def resampling(self, labels: Labels) -> Resampling:
        """Return the resampling of these images: by groups where they have some."""
        return Resampling(self.resamples, self.seed, labels.groups)

    def values(
        self, predictions: Predicted, labels: Labels, losses: np.ndarray
    ) -> dict[str, float]:
        """Return metric -> value, without intervals: the validation of an epoch."""
        return VALUES[labels.kind](predictions, labels, losses, self.bins)

    def scores(self, predictions: Predicted, labels: Labels, losses: np.ndarray) -> Scores:
        """Return every metric of the images and of their classes, with intervals.

        losses: (N,) the training loss of each image.
        """
        resampling = self.resampling(labels)
        return SCORES[labels.kind](predictions, labels, losses, self.bins, resampling)

    def set_scores(self, predictions: Predicted, labels: Labels) -> SetScores | None:
        """Return coverage and size of the prediction sets; None without sets."""
        if predictions.sets is None:
            return None
        return score_sets(predictions.sets, labels, self.resampling(labels))

    def risk_coverage(self, predictions: Predicted, labels: Labels) -> RiskCoverage | None:
        """Return the risk-coverage curve of the labels; None for votes."""
        if labels.kind not in RISK_COVERAGE:
            return None
        return RISK_COVERAGE[labels.kind](predictions, labels, self.resampling(labels))

    def compare(self, plain: Predicted, tuned: Predicted, labels: Labels) -> ComparedDecisions:
        """Return the metrics without and with a decision, see `compare_decisions`."""
        return compare_decisions(plain, tuned, labels, self.bins, self.resampling(labels))

    def out_of_fold(
        self, predictions: Predicted, labels: Labels, losses: np.ndarray, folds: np.ndarray
    ) -> dict[str, Measured]:
        """Return every metric of the out-of-fold predictions of a cross-validation.

        roc_auc and average_precision are means over the folds, see `fold_metrics.rank_in_folds`.

        losses: (N,) the mean loss of the fold of each image, so that the loss has no interval.
        folds: (N,) int64, the fold of each image.
        """
        overall = self.scores(predictions, labels, losses).overall
        if labels.kind in RANKED_IN_FOLDS:
            overall |= RANKED_IN_FOLDS[labels.kind](
                predictions.probabilities, labels, folds, self.resampling(labels)
            )
        return {**overall, "loss": {"value": overall["loss"]["value"], "ci95": None}}

    def mean_of_networks(
        self, networks: Sequence[Predicted], labels: Labels
    ) -> dict[str, Measured]:
        """Return the mean of metrics over several networks with its interval; nothing for votes.

        networks: predictions of each for the same N images.
        """
        if labels.kind not in MEAN_OF_NETWORKS:
            return {}
        mean = MEAN_OF_NETWORKS[labels.kind]
        return mean(networks, labels, self.bins, self.resampling(labels))
