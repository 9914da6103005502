"""Evaluation of a predictor: outputs, decision, scores and baseline of every split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from astroclf.data.audit import find_leaks, overlaps_train
from astroclf.data.dataset import TEST, TRAIN, VAL, ImageDataset
from astroclf.data.loader import Loader
from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.decisions.fitting import FittedDecision, fit_decision
from astroclf.evaluation.labels import Labels
from astroclf.evaluation.metadata import metadata_values
from astroclf.evaluation.metrics.baseline import baseline_warnings, constant_baseline
from astroclf.evaluation.metrics.bins import BinnedAccuracy, accuracy_in_bins, bin_edges
from astroclf.evaluation.results import Evaluation, SplitResult
from astroclf.evaluation.scoring import Scorer
from astroclf.inference.predictor import Outputs, Predictor
from astroclf.settings import Settings
from astroclf.status import status
from astroclf.tasks.labels import labels_of, plain_decision
from astroclf.training.losses import make_loss


def evaluate(
    predictor: Predictor,
    loaders: Mapping[str, Loader],
    dataset: ImageDataset,
    settings: Settings,
) -> Evaluation:
    """Run inference over every split, fit the decision on val, and score everything.

    loaders: split -> its images or cached features, val among them. Nothing is changed or written.
    """
    loss = make_loss(settings.loss, dataset, predictor.device)
    with status("evaluating"):
        outputs = {split: predictor.outputs(each, loss) for split, each in loaders.items()}
    labels = {split: labels_of(dataset, dataset.indices(split)) for split in outputs}
    with status("fitting the decision"):
        fitted = fit_decision(
            settings,
            plain_decision(settings, dataset),
            outputs[VAL].logits,
            labels[VAL],
            labels_of(dataset, dataset.indices(TRAIN)),
        )
    evaluator = Evaluator.of(settings, dataset, fitted, list(outputs))
    with status("computing metrics and intervals"):
        splits = {
            split: evaluator.split_result(split, labels[split], each)
            for split, each in outputs.items()
        }
    checked = TEST if TEST in splits else VAL
    return Evaluation(splits, fitted, tuple(_baseline_warnings(checked, splits[checked])))


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Everything that the results of the splits have in common.

    overlaps: (N,) bool of all images, whether each overlaps train. columns: of the user's metadata,
    (N,) each, and edges: of their bins.
    """

    scorer: Scorer
    dataset: ImageDataset
    fitted: FittedDecision
    train: Labels
    overlaps: np.ndarray
    columns: Mapping[str, np.ndarray]
    edges: Mapping[str, np.ndarray]

    @classmethod
    def of(
        cls, settings: Settings, dataset: ImageDataset, fitted: FittedDecision, splits: list[str]
    ) -> Evaluator:
        """Return the evaluator of these splits."""
        columns = metadata_values(settings.evaluation, dataset.ids)
        evaluated, bins = np.isin(dataset.split, splits), settings.evaluation.bins
        return cls(
            scorer=Scorer.from_settings(settings),
            dataset=dataset,
            fitted=fitted,
            train=labels_of(dataset, dataset.indices(TRAIN)),
            overlaps=overlaps_train(dataset, find_leaks(dataset)),
            columns=columns,
            edges={name: bin_edges(values[evaluated], bins) for name, values in columns.items()},
        )

    def split_result(self, split: str, labels: Labels, outputs: Outputs) -> SplitResult:
        """Return the predictions for one split and their scores."""
        positions = self.dataset.indices(split)
        predicted = self.fitted.decision.predict(outputs.logits)
        alone = ~self.overlaps[positions]
        result = SplitResult(
            ids=self.dataset.ids[positions],
            labels=labels,
            predicted=predicted,
            scores=self.scorer.scores(predicted, labels, outputs.losses),
            baseline=constant_baseline(self.train, labels, self.scorer),
            n_overlapping=int(np.sum(~alone)),
            binned=self._binned(positions, labels, predicted),
        )
        if 0 < alone.sum() < len(alone):
            clean = predicted.of_images(alone), labels.of_images(alone), outputs.losses[alone]
            result = replace(result, without_overlap=self.scorer.scores(*clean))
        if split in (VAL, TEST):
            plain = self.fitted.plain.predict(outputs.logits)
            cross_fitted = self.fitted.cross_fitted if split == VAL else None
            tuned = cross_fitted or self.fitted.tuned(outputs.logits)
            result = replace(result, comparison=self.scorer.compare(plain, tuned, labels))
        return result

    def _binned(
        self, positions: np.ndarray, labels: Labels, predicted: Predicted
    ) -> tuple[BinnedAccuracy, ...]:
        """Return the accuracy along each column, in bins that all the splits have in common."""
        correct = labels.leading_predicted(predicted) == labels.leading
        resampling = self.scorer.resampling(labels)
        return tuple(
            accuracy_in_bins(name, values[positions], correct, self.edges[name], resampling)
            for name, values in self.columns.items()
        )


def _baseline_warnings(split: str, result: SplitResult) -> list[str]:
    return baseline_warnings(split, result.scores, result.predicted, result.labels, result.baseline)
