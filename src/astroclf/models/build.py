"""Build a classifier with its initial weights from the settings of a model.

Each family of networks is a module of this package with `build(settings, channels, image_px) -> Backbone`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel
from torch import nn

from astroclf.integrity import describe_damage
from astroclf.models.bundle_files import not_whole, read_description
from astroclf.models.classifier import Classifier, dense_layers
from astroclf.models.custom import require_module
from astroclf.models.weight_files import bundle_of, file_of
from astroclf.models.weights import load_weights
from astroclf.settings import sections


class Normalisation(NamedTuple):
    """One number a band, of display values in 0-1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class BuiltModel:
    """A classifier that maps (B, C, H, W) to (B, K) logits.

    backbone: where its weights come from: "imagenet", "random", or the name of a file.
    warning: what a user must know about those weights, or "".
    normalisation: mean and standard deviation of each band of display values in 0-1 that these
    weights were trained with, or None where the training images should say.
    """

    classifier: Classifier
    backbone: str
    warning: str = ""
    normalisation: Normalisation | None = None


def build_model(
    settings: sections.Model, *, channels: int, outputs: int, image_px: int
) -> BuiltModel:
    """The classifier that the settings describe, for images of that shape and that many outputs.

    Raises UserError where timm knows no such network, where weights that must be had cannot be, where
    a file holds the weights of another network, or where images are too small for the network.
    """
    family = importlib.import_module(f"astroclf.models.{settings.family}")
    backbone, width, source, warning = family.build(settings, channels, image_px)
    head = dense_layers(width, settings.hidden_units, outputs, settings.dropout)
    classifier = Classifier(backbone, head, width)
    if settings.weights is not None:
        warning = load_weights(classifier, Path(settings.weights))
        source = settings.weights
    normalisation = None if source == "random" else find_normalisation(settings, backbone)
    return BuiltModel(classifier, source, warning, normalisation)


def require_model(settings: sections.Model) -> None:
    """Raises UserError where timm knows no such network or where there is no file of weights: what
    can be told before there are images."""
    if isinstance(settings, sections.Timm):
        from astroclf.models.timm import require_known

        require_known(settings.name)
    if isinstance(settings, sections.CustomModel):
        require_module(settings)
    if settings.weights is not None:
        file_of(Path(settings.weights))


def find_normalisation(settings: sections.Model, backbone: nn.Module) -> Normalisation | None:
    """What a bundle says of itself, else what timm says of the network; None if neither does."""
    folder = bundle_of(Path(settings.weights)) if settings.weights is not None else None
    if folder is not None:
        preprocess = _read_statistics(folder)
        is_linear = preprocess.stretch == "linear"
        return None if is_linear else Normalisation(preprocess.mean, preprocess.std)
    published: Any = getattr(backbone, "pretrained_cfg", None)
    if not published:
        return None
    return Normalisation(tuple(published["mean"]), tuple(published["std"]))


class _Statistics(BaseModel):
    """The part of the preprocessing of a bundle that goes with its weights."""

    stretch: str
    mean: tuple[float, ...]
    std: tuple[float, ...]


def _read_statistics(folder: Path) -> _Statistics:
    try:
        return _Statistics.model_validate(read_description(folder).get("preprocess"))
    except ValueError as error:
        raise not_whole(folder, f"preprocess: {describe_damage(error)}") from error
