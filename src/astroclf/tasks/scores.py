"""From the outputs of a network to the metrics that fit its targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.evaluation.decisions.decision import Decided, Decision
from astroclf.evaluation.metrics.label_metrics import score_labels, score_labels_with_intervals
from astroclf.evaluation.metrics.scores import Scores
from astroclf.evaluation.metrics.vote_metrics import score_votes, score_votes_with_intervals
from astroclf.evaluation.resampling import Resampling
from astroclf.inference.predictor import Outputs
from astroclf.settings import Settings


@dataclass(frozen=True)
class Scoring:
    """How the outputs for a data set are scored, whichever kind of targets it has."""

    dataset: ImageDataset
    decision: Decision
    settings: Settings

    def probabilities(self, outputs: Outputs) -> np.ndarray:
        return self.decision.probabilities(outputs.logits)

    def labels(self, probabilities: np.ndarray) -> np.ndarray | None:
        """(N,) int64, or None for vote fractions, which are scored as they are."""
        return None if self.dataset.has_votes else self.decision.labels(probabilities)

    def quick(self, split: str, outputs: Outputs) -> dict[str, float]:
        """metric -> value, without intervals: what is looked at after every epoch."""
        predictions = self.probabilities(outputs)
        targets = self.dataset.targets[self.dataset.indices(split)]
        if self.dataset.has_votes:
            return score_votes(predictions, targets, outputs.losses)
        bins = self.settings.evaluation.calibration_bins
        return score_labels(self._decided(predictions), targets, outputs.losses, bins=bins)

    def full(self, positions: np.ndarray, outputs: Outputs) -> Scores:
        """Every metric of the images at these positions and of their classes, with intervals."""
        predictions = self.probabilities(outputs)
        targets = self.dataset.targets[positions]
        resampling = resampling_of(self.settings, self.dataset, positions)
        if self.dataset.has_votes:
            return score_votes_with_intervals(
                predictions,
                targets,
                outputs.losses,
                self.dataset.classes,
                resampling=resampling,
            )
        return score_labels_with_intervals(
            self._decided(predictions),
            targets,
            outputs.losses,
            self.dataset.classes,
            bins=self.settings.evaluation.calibration_bins,
            resampling=resampling,
        )

    def _decided(self, probabilities: np.ndarray) -> Decided:
        return Decided(probabilities, self.decision.labels(probabilities))


def resampling_of(settings: Settings, dataset: ImageDataset, positions: np.ndarray) -> Resampling:
    """How the images at these positions are resampled: by groups where the data set has them."""
    groups = None if dataset.groups is None else dataset.groups[positions]
    return Resampling(settings.evaluation.bootstrap_resamples, settings.seed, groups)
