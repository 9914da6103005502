"""Evaluator: scores of predictions for some of the images of a data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metadata import metadata_values
from astroclf.evaluation.metrics.baseline import Baseline, constant_baseline
from astroclf.evaluation.metrics.bins import (
    BinnedAccuracy,
    Labeling,
    accuracy_in_bins,
    bin_edges,
)
from astroclf.evaluation.results import SplitResult
from astroclf.evaluation.scoring import Scorer
from astroclf.settings import Settings
from astroclf.settings.metrics import CLASSES
from astroclf.tasks.labels import labels_of


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Everything that the results of the parts of a data set have in common.

    train: labels of the training images, for the baseline; None where they are unknown. overlaps: (N,) bool of all images,
    whether each overlaps a training image. columns: of the user's metadata, (N,) each, and edges:
    of their bins.
    """

    scorer: Scorer
    dataset: ImageDataset
    train: Labels | None
    overlaps: np.ndarray
    columns: Mapping[str, np.ndarray]
    edges: Mapping[str, np.ndarray]

    @classmethod
    def of(
        cls,
        settings: Settings,
        dataset: ImageDataset,
        *,
        train: Labels | None,
        overlaps: np.ndarray,
        evaluated: np.ndarray,
    ) -> Evaluator:
        """Return the evaluator of a data set; evaluated: (N,) bool, the images of the bins."""
        columns = metadata_values(settings.evaluation, dataset.ids)
        bins = settings.evaluation.bins
        return cls(
            scorer=Scorer.from_settings(settings),
            dataset=dataset,
            train=train,
            overlaps=overlaps,
            columns=columns,
            edges={name: bin_edges(values[evaluated], bins) for name, values in columns.items()},
        )

    def result(
        self, positions: np.ndarray, predicted: Predicted, losses: np.ndarray
    ) -> SplitResult:
        """Return the predictions for the images at these positions and their scores.

        losses: (n,) the training loss of each image; NaN where it is unknown.
        """
        labels = labels_of(self.dataset, positions)
        alone = ~self.overlaps[positions]
        result = SplitResult(
            ids=self.dataset.ids[positions],
            labels=labels,
            predicted=predicted,
            scores=self.scorer.scores(predicted, labels, losses),
            baseline=self._baseline(labels),
            n_overlapping=int(np.sum(~alone)),
            binned=self._binned(positions, labels, predicted),
            sets=self.scorer.set_scores(predicted, labels),
            risk_coverage=self.scorer.risk_coverage(predicted, labels),
        )
        if 0 < alone.sum() < len(alone):
            clean = predicted.of_images(alone), labels.of_images(alone), losses[alone]
            result = replace(result, without_overlap=self.scorer.scores(*clean))
        return result

    def _baseline(self, labels: Labels) -> Baseline:
        if self.train is None:
            return Baseline("unknown, since the model has no record of its training images", {})
        return constant_baseline(self.train, labels, self.scorer)

    def _binned(
        self, positions: np.ndarray, labels: Labels, predicted: Predicted
    ) -> tuple[BinnedAccuracy, ...]:
        """Return the accuracy along each column, in bins that all the splits have in common."""
        correct = labels.leading_predicted(predicted) == labels.leading
        resampling = self.scorer.resampling(labels)
        is_of_classes = labels.kind == CLASSES
        labeling = (
            Labeling(labels.classes, labels.targets, predicted.labels) if is_of_classes else None
        )
        return tuple(
            accuracy_in_bins(
                name, values[positions], correct, self.edges[name], resampling, labeling
            )
            for name, values in self.columns.items()
        )
