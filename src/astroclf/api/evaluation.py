"""evaluate: metrics of a trained model on a labeled dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from astroclf.api.dataset import read_dataset
from astroclf.api.frames import make_frame
from astroclf.api.model import FilePath, Model, load
from astroclf.bundle import Bundle
from astroclf.data.dataset import ImageDataset
from astroclf.errors import UserError
from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import Labels, make_labels
from astroclf.evaluation.scoring import Scorer
from astroclf.runs.metrics import Metric

if TYPE_CHECKING:
    import pandas as pd

CALIBRATION_BINS = 15


@dataclass(frozen=True, eq=False)
class EvaluationResult:
    """Metrics and predictions of a model on a dataset.

    Attributes
    ----------
    metrics : dict of str to Metric
        Metric -> its `value` and its 95 % interval `ci95`.
    per_class : dict of str to dict
        Class -> the number of its images as `n`, and its metrics.
    """

    metrics: dict[str, Metric]
    per_class: dict[str, dict[str, Metric | int]]
    ids: np.ndarray = field(repr=False)
    labels: Labels = field(repr=False)
    predicted: Predicted = field(repr=False)

    @property
    def predictions(self) -> pd.DataFrame:
        """One row an image: id, truth, label and p_<class>."""
        classes = np.array(self.labels.classes)
        probabilities = self.predicted.probabilities
        return make_frame(
            {
                "id": self.ids,
                "truth": classes[self.labels.leading],
                "label": classes[self.labels.leading_predicted(self.predicted)],
                **{f"p_{name}": probabilities[:, k] for k, name in enumerate(classes)},
            }
        )


def evaluate(
    model: Model | FilePath,
    dataset: ImageDataset | FilePath,
    split: str | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> EvaluationResult:
    """Evaluate a trained model on labeled images, with the decision that it was trained with.

    Parameters
    ----------
    model : Model or path
        The model, or what `load` takes.
    dataset : ImageDataset or path
        Labeled images of the classes of the model. A table or a folder is read with the size of the
        model's images.
    split : str, optional
        The split to evaluate, such as "test"; None evaluates all images.
    resamples : int
        Bootstrap resamples behind each 95 % interval; 0 for no intervals.
    seed : int
        Seed of the resampling.

    Returns
    -------
    EvaluationResult

    Raises
    ------
    astroclf.UserError
        If the dataset has other classes than the model, no such split, or other images.

    Examples
    --------
    >>> import astroclf
    >>> sky = astroclf.read_dataset("simulated", "dataset.n_images=64")
    >>> result = astroclf.evaluate("outputs/sky", sky, "test")
    >>> 0 <= result.metrics["accuracy"].value <= 1
    True
    >>> list(result.predictions)
    ['id', 'truth', 'label', 'p_galaxy', 'p_star']
    """
    bundle = (model if isinstance(model, Model) else load(model)).bundle
    data = dataset if isinstance(dataset, ImageDataset) else _read(dataset, bundle)
    positions = np.arange(len(data)) if split is None else data.indices(split)
    if not len(positions):
        raise UserError(
            f"The dataset has no images in the split {split!r}. Give one of {', '.join(data.split_names)}."
        )
    groups = None if data.groups is None else data.groups[positions]
    labels = make_labels(_targets(data, bundle.classes)[positions], bundle.classes, groups)
    probabilities = bundle.predict(data.images[positions])
    predicted = Predicted(probabilities, bundle.decision.labels(probabilities))
    scorer = Scorer(CALIBRATION_BINS, resamples, seed)
    scores = scorer.scores(predicted, labels, np.full(len(positions), np.nan))
    overall = {name: each for name, each in scores.overall.items() if name != "loss"}
    return EvaluationResult(
        metrics={name: Metric.model_validate(each) for name, each in overall.items()},
        per_class={
            name: {
                key: each if isinstance(each, int) else Metric.model_validate(each)
                for key, each in values.items()
            }
            for name, values in scores.per_class.items()
        },
        ids=data.ids[positions],
        labels=labels,
        predicted=predicted,
    )


def _read(dataset: FilePath, bundle: Bundle) -> ImageDataset:
    """Return the dataset with images prepared as the training images were."""
    framing = bundle.framing
    crop = {} if framing is None else {"dataset.crop_px": framing.crop_px}
    return read_dataset(dataset, **{"dataset.image_px": bundle.image_px, **crop})


def _targets(dataset: ImageDataset, classes: Sequence[str]) -> np.ndarray:
    """Return the targets in the order of the model's classes."""
    if set(dataset.classes) != set(classes):
        raise UserError(
            f"The dataset has the classes {', '.join(dataset.classes)}; the model has {', '.join(classes)}. "
            "Give a dataset of the same classes."
        )
    if dataset.targets.ndim == 2:
        return dataset.targets[:, [dataset.classes.index(name) for name in classes]]
    order = np.array([list(classes).index(name) for name in dataset.classes])
    return order[dataset.targets]
