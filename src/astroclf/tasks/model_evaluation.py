"""Evaluation of a trained model on labeled images: metrics, predictions and shift of each part."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from astroclf.bundle import Bundle, Prediction
from astroclf.data.dataset import ImageDataset
from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.decisions.fitting import FittedDecision
from astroclf.evaluation.metrics.baseline import baseline_warnings
from astroclf.evaluation.metrics.scores import Scores
from astroclf.evaluation.results import Evaluation, SplitResult
from astroclf.evaluation.shift import Shift, find_shift
from astroclf.settings import Settings
from astroclf.status import status
from astroclf.tasks.evaluator import Evaluator
from astroclf.tasks.image_summary import summarize_images, training_labels, training_summary
from astroclf.tasks.labeled_images import LabeledImages, label_images
from astroclf.tasks.model_images import read_images
from astroclf.tasks.seen_images import title_of

CHUNK = 1024  # images in memory at a time


@dataclass(frozen=True, eq=False)
class ModelEvaluation:
    """Evaluation of a trained model on labeled images.

    evaluation: its splits are the parts of the images by their use in the training. shift: of the
    shown part; None where the model has no record of its training images.
    """

    images: LabeledImages
    evaluation: Evaluation
    shift: Shift | None

    @property
    def dataset(self) -> ImageDataset:
        """The images with the classes of the model; their splits are the parts."""
        return self.images.dataset


def evaluate_model(
    model: Bundle, settings: Settings, dataset: ImageDataset | None = None
) -> ModelEvaluation:
    """Evaluate a model with the decision that it was saved with; nothing is fitted.

    dataset: the images, if they are not those that the settings name.

    Raises UserError for images or classes that the model was not trained on.
    """
    assert settings.evaluate is not None  # of task=evaluate
    if dataset is None:
        dataset = read_images(settings.dataset, model)
    with status("matching the images with those of the training"):
        images = label_images(dataset, model, settings.evaluate)
    dataset, parts = images.dataset, images.parts
    predictions = {part: predict_images(model, dataset, dataset.indices(part)) for part in parts}
    evaluator = Evaluator.of(
        settings,
        dataset,
        train=training_labels(model),
        overlaps=images.seen.overlaps,
        evaluated=np.isin(dataset.split, parts),
    )
    with status("computing metrics and intervals"):
        results = {
            part: _result(evaluator, dataset.indices(part), each)
            for part, each in predictions.items()
        }
    titles = {part: title_of(part) for part in parts}
    evaluation = Evaluation(results, FittedDecision(model.decision, model.decision), titles=titles)
    shift = measure_shift(model, dataset, evaluation.shown_split, predictions)
    warnings = [*images.sentences(), *_baseline_warnings(evaluation)]
    warnings += shift.sentences() if shift is not None else []
    return ModelEvaluation(images, replace(evaluation, warnings=tuple(warnings)), shift)


def predict_images(model: Bundle, dataset: ImageDataset, positions: np.ndarray) -> Prediction:
    """Return the predictions for the images at these positions, of which few are in memory at once."""
    chunks = []
    columns = dataset.column_values(model.columns) if model.columns else None
    with status("predicting", len(positions), unit="image") as shown:
        for start in range(0, len(positions), CHUNK):
            chunk = positions[start : start + CHUNK]
            chunks.append(
                model.prediction(
                    np.asarray(dataset.images[chunk]), None if columns is None else columns[chunk]
                )
            )
            shown.update(len(chunk))
    joined = {
        name: np.concatenate([getattr(chunk, name) for chunk in chunks])
        for name, first in vars(chunks[0]).items()
        if first is not None
    }
    return Prediction(**joined)


def measure_shift(
    model: Bundle, dataset: ImageDataset, part: str, predictions: dict[str, Prediction]
) -> Shift | None:
    """Return the differences of the images of a part from the training images."""
    here = summarize_images(dataset, dataset.indices(part))
    p_values = predictions[part].unlike_training
    return find_shift(title_of(part), training_summary(model), here, p_values)


def _result(evaluator: Evaluator, positions: np.ndarray, prediction: Prediction) -> SplitResult:
    predicted = Predicted(prediction.probabilities, prediction.labels, prediction.sets)
    unknown_losses = np.full(len(positions), np.nan)
    result = evaluator.result(positions, predicted, unknown_losses)
    clean = result.without_overlap
    return replace(
        result,
        scores=_without_loss(result.scores),
        without_overlap=None if clean is None else _without_loss(clean),
    )


def _without_loss(scores: Scores) -> Scores:
    """Return the scores without the training loss, which a trained model does not have."""
    overall = {name: each for name, each in scores.overall.items() if name != "loss"}
    return replace(scores, overall=overall)


def _baseline_warnings(evaluation: Evaluation) -> list[str]:
    shown = evaluation.shown
    title = evaluation.title_of(evaluation.shown_split)
    return baseline_warnings(title, shown.scores, shown.predicted, shown.labels, shown.baseline)
