"""Evaluation of a training: outputs, decision, scores and baseline of every split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from astroclf.data.audit.leaks import find_leaks, overlaps_train
from astroclf.data.dataset import TEST, TRAIN, VAL, ImageDataset
from astroclf.data.loader import Loader
from astroclf.evaluation.decisions.fitting import FittedDecision, fit_decision
from astroclf.evaluation.metrics.baseline import baseline_warnings
from astroclf.evaluation.results import Evaluation, Features, SplitResult
from astroclf.inference.predictor import Outputs, Predictor
from astroclf.settings import Settings
from astroclf.status import status
from astroclf.tasks.evaluator import Evaluator
from astroclf.tasks.labels import labels_of, plain_decision
from astroclf.tasks.reference import reference_images
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
        kept = reference_images(dataset, settings.seed)
        outputs = {
            split: predictor.outputs(each, loss, kept.get(split)) for split, each in loaders.items()
        }
    labels = {split: labels_of(dataset, dataset.indices(split)) for split in outputs}
    with status("fitting the decision"):
        fitted = fit_decision(
            settings,
            plain_decision(settings, dataset),
            outputs[VAL].logits,
            labels[VAL],
            labels_of(dataset, dataset.indices(TRAIN)),
        )
    evaluator = Evaluator.of(
        settings,
        dataset,
        train=labels_of(dataset, dataset.indices(TRAIN)),
        overlaps=overlaps_train(dataset, find_leaks(dataset)),
        evaluated=np.isin(dataset.split, list(outputs)),
    )
    with status("computing metrics and intervals"):
        splits = {
            split: _with_outputs(
                _split_result(evaluator, fitted, split, each), each, kept.get(split)
            )
            for split, each in outputs.items()
        }
    checked = TEST if TEST in splits else VAL
    return Evaluation(splits, fitted, tuple(_baseline_warnings(checked, splits[checked])))


def _with_outputs(result: SplitResult, outputs: Outputs, kept: np.ndarray | None) -> SplitResult:
    """Return the result with the logits, and the features of the images at `kept`, if there are any."""
    features = None
    if kept is not None and outputs.features is not None:
        features = Features(kept, outputs.features)
    return replace(result, logits=outputs.logits, features=features)


def _split_result(
    evaluator: Evaluator, fitted: FittedDecision, split: str, outputs: Outputs
) -> SplitResult:
    """Return the result of one split; that of val and test compares the decision with none."""
    positions = evaluator.dataset.indices(split)
    predicted = fitted.decision.predict(outputs.logits)
    result = evaluator.result(positions, predicted, outputs.losses)
    if split not in (VAL, TEST):
        return result
    cross_fitted = fitted.cross_fitted if split == VAL else None
    tuned = cross_fitted or fitted.tuned(outputs.logits)
    plain = fitted.plain.predict(outputs.logits)
    return replace(result, comparison=evaluator.scorer.compare(plain, tuned, result.labels))


def _baseline_warnings(split: str, result: SplitResult) -> list[str]:
    return baseline_warnings(split, result.scores, result.predicted, result.labels, result.baseline)
