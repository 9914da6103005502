"""Initial model of a training: network, initial weights and their preprocessing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.data.preprocess import ASINH, Preprocess, display_unit, fit_preprocess
from astroclf.errors import UserError, listed
from astroclf.models import BuiltModel, Classifier, build_model
from astroclf.models.classifier import trains_batch_norm
from astroclf.models.columns import ColumnHead, fit_statistics
from astroclf.runs.checkpoint import Checkpoint
from astroclf.settings import Settings
from astroclf.tasks.cache import Cache


def start_model(settings: Settings, dataset: ImageDataset, stored: Checkpoint | None) -> BuiltModel:
    """Return the classifier with its initial weights.

    Those of a resumed run come from the checkpoint later, so that only frozen weights, which no
    checkpoint contains, are loaded again.
    """
    model = settings.model
    if stored is not None and not settings.finetune.freezes_backbone:
        model = model.model_copy(update={"pretrained": False, "weights": None})
    built = build_model(
        model,
        channels=dataset.channels,
        outputs=len(dataset.classes),
        image_px=dataset.image_px,
    )
    if model.features_columns:
        fit_columns(built.classifier, dataset, model.features_columns)
    if stored is None:
        return built
    return BuiltModel(built.classifier, stored.backbone, stored.warning)


def fit_columns(classifier: Classifier, dataset: ImageDataset, names: Sequence[str]) -> None:
    """Fit the standardization of catalog columns to train.

    Raises UserError for a column that the data set does not have, or that has no value in train.
    """
    values = dataset.column_values(names)[dataset.indices(TRAIN)]
    empty = [name for name, column in zip(names, values.T, strict=True) if np.isnan(column).all()]
    if empty:
        raise UserError(
            f"model.features_columns=[{listed(names)}]: {empty[0]} has no value in train. Leave it out."
        )
    assert isinstance(classifier.head, ColumnHead)  # of a model with columns
    classifier.head.columns.load_statistics(fit_statistics(torch.from_numpy(values)))


def choose_preprocess(
    settings: Settings,
    dataset: ImageDataset,
    built: BuiltModel,
    stored: Checkpoint | None,
    cache: Cache,
) -> Preprocess:
    """Return the preprocessing of a resumed run, or of the weights, or fitted to the training images.

    Raise UserError for a stretch of flux that images stretched for display would not get.
    """
    if stored is not None:
        return stored.preprocess
    known, stretch = built.normalization, dataset.pixels.stretch
    if stretch != "linear" and settings.flux != ASINH:
        raise UserError(
            f"flux={settings.flux.name}: stretches linear flux, but the images are stretched for display (dataset.stretch="
            f"{stretch}). Leave flux at its default, or give FITS files or other images of linear flux."
        )
    if known is None or stretch == "linear":
        key = (dataset.fingerprint, dataset.pixels, settings.flux.model_dump_json())
        return cache.get_or_create(
            "preprocess", key, lambda: fit_preprocess(dataset, settings.flux)
        )
    known = known.for_bands(dataset.channels)
    return Preprocess(stretch, display_unit(dataset.images), known.mean, known.std)


def warn_of_weights(settings: Settings, built: BuiltModel) -> str | None:
    """Return warnings about the initial weights, e.g. a frozen backbone without pretraining."""
    if not settings.finetune.freezes_backbone or built.backbone != "random":
        return built.warning
    frozen = (
        f"finetune={settings.finetune.name} freezes weights of the backbone, which starts from RANDOM weights. "
        "Set model.pretrained=true or model.weights=<file>, or choose finetune=full."
    )
    return " ".join(filter(None, (built.warning, frozen)))


def require_room_for_batch_norm(
    settings: Settings, dataset: ImageDataset, classifier: Classifier
) -> None:
    """Raise UserError if batch norm would train on batches of one image, which have no variance."""
    n_train = len(dataset.indices(TRAIN))
    if min(n_train, settings.trainer.batch_size) > 1 or not trains_batch_norm(classifier):
        return
    cause = "train has one image" if n_train == 1 else "trainer.batch_size=1"
    raise UserError(
        f"{cause}: {settings.model.name} has batch norm, which needs two images a batch to train on. Choose "
        "trainer.batch_size=2 or more, finetune=classifier or lora, or a network without batch norm (model=vit, convnext)."
    )
