"""evaluate: metrics of a trained model on labeled images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING

from astroclf.api.arguments import as_overrides
from astroclf.api.composition import compose_config
from astroclf.api.frames import make_frame
from astroclf.api.model import FilePath, Model, load
from astroclf.bundle import Bundle
from astroclf.composition import plain_config
from astroclf.data.dataset import ImageDataset
from astroclf.evaluation.intervals import Measured
from astroclf.evaluation.results import SplitResult
from astroclf.runs.metrics import Metric
from astroclf.settings import Settings, read_settings
from astroclf.settings.sections import EvaluateSection
from astroclf.settings.sections.evaluate import UnknownClasses
from astroclf.tasks.model_evaluation import ModelEvaluation, evaluate_model

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PartMetrics:
    """Metrics of one part of the images.

    Attributes
    ----------
    title : str
        The use of the images in the training, such as "new images".
    n_images : int
        Number of images.
    metrics : dict of str to Metric
        Metric -> its `value` and its 95 % interval `ci95`.
    per_class : dict of str to dict
        Class -> the number of its images as `n`, and its metrics.
    per_question : dict of str to dict
        Likewise of the questions of a decision tree of votes; empty without one.
    """

    title: str
    n_images: int
    metrics: dict[str, Metric]
    per_class: dict[str, dict[str, Metric | int]]
    per_question: dict[str, dict[str, Metric | int]]


@dataclass(frozen=True, eq=False)
class EvaluationResult:
    """Metrics and predictions of a model on labeled images.

    Attributes
    ----------
    parts : dict of str to PartMetrics
        The images by their use in the training: "new", "test", "val" and "train", or "unknown" for a
        model without a record of its training images.
    part : str
        The part of `metrics` and `per_class`: "new" if there is one.
    warnings : list of str
        What limits the metrics, such as images that the model was trained on.
    """

    parts: dict[str, PartMetrics]
    part: str
    warnings: list[str]
    evaluated: ModelEvaluation = field(repr=False)
    model: Bundle = field(repr=False)
    settings: Settings = field(repr=False)

    @property
    def metrics(self) -> dict[str, Metric]:
        """Metric -> its `value` and its 95 % interval `ci95`, of the images in `part`."""
        return self.parts[self.part].metrics

    @property
    def per_class(self) -> dict[str, dict[str, Metric | int]]:
        """Class -> the number of its images as `n`, and its metrics, of the images in `part`."""
        return self.parts[self.part].per_class

    @property
    def predictions(self) -> pd.DataFrame:
        """One row an image: id, part, truth, label and p_<class>."""
        from astroclf.tasks.results import predictions_of

        found = predictions_of(self.evaluated.evaluation)
        names = dict(enumerate(found.classes))
        return make_frame(
            {
                "id": found.ids,
                "part": found.parts,
                "truth": [names[k] for k in found.truth.tolist()],
                "label": [names[k] for k in found.labels.tolist()],
                **{f"p_{name}": found.probabilities[:, k] for k, name in names.items()},
            }
        )

    @property
    def shift(self) -> pd.DataFrame:
        """One row for each quantity and class: medians and distance from the training images.

        Empty for a model without a record of its training images.
        """
        found = self.evaluated.shift
        rows = [] if found is None else list(found.quantities)
        return make_frame(
            {
                "quantity": [row.quantity for row in rows],
                "of": [row.of for row in rows],
                "train": [row.train.quantile(0.5) for row in rows],
                "here": [row.here.quantile(0.5) for row in rows],
                "distance": [row.distance for row in rows],
                "p_value": [row.p_value for row in rows],
                "is_large": [row.is_large for row in rows],
            }
        )

    def report(self, file: FilePath) -> Path:
        """Write the report as a web page.

        Parameters
        ----------
        file : path
            The page; its figures are saved in the folder `figures` beside it.

        Returns
        -------
        pathlib.Path
            The page.
        """
        from astroclf.tasks.evaluation_report import evaluation_facts, write_evaluation_report

        texts = {"model": self.model.provenance.get("created", "")}
        facts = evaluation_facts(self.settings, self.model, self.evaluated, texts)
        path = Path(fspath(file)).expanduser()
        write_evaluation_report(path, self.settings, self.evaluated, facts)
        return path


def evaluate(
    model: Model | FilePath,
    dataset: ImageDataset | FilePath,
    split: str | None = None,
    *,
    rename_classes: Mapping[str, str] | None = None,
    unknown_classes: UnknownClasses = "stop",
    resamples: int = 1000,
    seed: int = 0,
) -> EvaluationResult:
    """Evaluate a trained model on labeled images, with the decision that it was saved with.

    Nothing is fitted. Images of the training are found by their pixels, and have metrics of their
    own. Classes are matched by name.

    Parameters
    ----------
    model : Model or path
        The model, or what `load` takes.
    dataset : ImageDataset or path
        Labeled images. A table or a folder is read with the size, crop and stretch of the model's
        training images, and needs no training split.
    split : str, optional
        The split of the data to evaluate, such as "test"; None evaluates all images.
    rename_classes : mapping of str to str, optional
        Class of the data -> class of the model.
    unknown_classes : {"stop", "skip"}
        Whether images of classes that the model does not have are refused or left out.
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
        If the images are of other classes, bands, size or depth than those of the model, or if there
        is no such split.

    Examples
    --------
    >>> import astroclf
    >>> sky = astroclf.read_dataset("simulated", "dataset.n_images=64", "dataset.seed=1")
    >>> result = astroclf.evaluate("outputs/sky", sky)
    >>> result.parts["new"].title
    'new images'
    >>> 0 <= result.metrics["accuracy"].value <= 1
    True
    >>> list(result.predictions)
    ['id', 'part', 'truth', 'label', 'p_galaxy', 'p_star']
    """
    bundle = (model if isinstance(model, Model) else load(model)).bundle
    given = None if isinstance(dataset, ImageDataset) else dataset
    settings = _settings(given, resamples, seed)
    section = EvaluateSection(
        split=split,
        unknown_classes=unknown_classes,
        rename_classes=None if rename_classes is None else dict(rename_classes),
    )
    settings = settings.model_copy(update={"evaluate": section})
    data = dataset if isinstance(dataset, ImageDataset) else None
    evaluated = evaluate_model(bundle, settings, data)
    evaluation = evaluated.evaluation
    parts = {
        part: _part(evaluation.title_of(part), result) for part, result in evaluation.splits.items()
    }
    warnings = list(evaluation.warnings)
    return EvaluationResult(parts, evaluation.shown_split, warnings, evaluated, bundle, settings)


def _settings(dataset: FilePath | None, resamples: int, seed: int) -> Settings:
    """Return the settings of task=evaluate; its model and its options are given apart."""
    named = {"seed": seed, "evaluation.bootstrap_resamples": resamples}
    overrides = as_overrides(
        ["task=evaluate", "model_from=model", "tracking=none"],
        named if dataset is None else {**named, "dataset": dataset},
    )
    return read_settings(plain_config(compose_config(overrides)))


def _part(title: str, result: SplitResult) -> PartMetrics:
    return PartMetrics(
        title=title,
        n_images=len(result),
        metrics={name: Metric.model_validate(each) for name, each in result.scores.overall.items()},
        per_class=_metrics(result.scores.per_class),
        per_question=_metrics(result.scores.per_question),
    )


def _metrics(
    scores: Mapping[str, Mapping[str, Measured | int]],
) -> dict[str, dict[str, Metric | int]]:
    return {
        name: {
            key: each if isinstance(each, int) else Metric.model_validate(each)
            for key, each in values.items()
        }
        for name, values in scores.items()
    }
