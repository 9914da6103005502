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

from astroclf.errors import UserError
from astroclf.integrity import describe_damage
from astroclf.models.bundle_files import not_whole, read_description
from astroclf.models.classifier import Backbone, Classifier, dense_layers
from astroclf.models.columns import ColumnHead
from astroclf.models.custom import require_module
from astroclf.models.hub_weights import fetch_hub_weights, is_on_hub
from astroclf.models.stem import adapt_statistics
from astroclf.models.weight_files import bundle_of, file_of, path_of
from astroclf.models.weights import load_weights
from astroclf.settings import sections


class Normalization(NamedTuple):
    """Mean and standard deviation of each band, of display values in 0-1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def for_bands(self, channels: int) -> Normalization:
        """Return the normalization of so many bands, whose weights are adapted (see `models.stem`)."""
        return Normalization(
            adapt_statistics(self.mean, channels), adapt_statistics(self.std, channels)
        )


@dataclass(frozen=True)
class BuiltModel:
    """A classifier with its initial weights.

    backbone: source of its weights: "imagenet", "random", or the name of a file. warning: about those
    weights, or None. normalization: mean and standard deviation of each band of display values in 0-1
    that these weights were trained with; None to compute them from the training images.
    """

    classifier: Classifier
    backbone: str
    warning: str | None = None
    normalization: Normalization | None = None


def build_model(
    settings: sections.Model, *, channels: int, outputs: int, image_px: int
) -> BuiltModel:
    """Build the classifier of the settings, for images of that shape and that many outputs.

    Raises UserError if timm has no such network, if required weights are not available, if a file
    holds the weights of another network, or if images are too small for the network.
    """
    family = importlib.import_module(f"astroclf.models.{settings.family}")
    backbone: Backbone = family.build(settings, channels, image_px)
    head = build_head(settings, backbone.width, outputs)
    classifier = Classifier(backbone.network, head, backbone.width, backbone.extract)
    source, warning = backbone.weights, backbone.warning
    if settings.weights is not None:
        source, warning = (
            settings.weights,
            load_weights(classifier, path_of(settings.weights), channels),
        )
    normalization = None if source == "random" else find_normalization(settings, backbone.network)
    return BuiltModel(classifier, source, warning, normalization)


def build_head(settings: sections.Model, width: int, outputs: int) -> nn.Module:
    """Return the dense layers from features of that width to logits, with the catalog columns of the settings."""
    n_columns = len(settings.features_columns)
    # Each column has an indicator of missing values beside it.
    inputs = width + 2 * n_columns
    layers = dense_layers(inputs, settings.hidden_units, outputs, settings.dropout)
    return ColumnHead(layers, n_columns) if n_columns else layers


def require_model(settings: sections.Model) -> None:
    """Raise UserError if timm has no such network, or if there is no file of weights.

    This needs no images.
    """
    if isinstance(settings, sections.Timm):
        from astroclf.models.timm import require_known

        require_known(settings.name)
    if isinstance(settings, sections.CustomModel):
        require_module(settings)
    if settings.weights is not None:
        _require_weights(settings, settings.weights)


def _require_weights(settings: sections.Model, weights: str) -> None:
    """Raise UserError unless the weights exist, and those of the hub are of the network."""
    if not is_on_hub(weights):
        file_of(Path(weights))
        return
    architecture = fetch_hub_weights(weights).architecture
    if settings.name.partition(".")[0] != architecture:
        raise UserError(
            f"model.weights={weights} are of {architecture}, not of model.name={settings.name}. Choose model=timm "
            f"model.name={architecture}."
        )


def find_normalization(settings: sections.Model, backbone: nn.Module) -> Normalization | None:
    """Return the normalization stated by the bundle of the weights, else by timm; None without one."""
    if settings.weights is not None and is_on_hub(settings.weights):
        published = fetch_hub_weights(settings.weights)
        return Normalization(published.mean, published.std)
    folder = bundle_of(Path(settings.weights)) if settings.weights is not None else None
    if folder is not None:
        preprocess = _read_statistics(folder)
        is_linear = preprocess.stretch == "linear"
        return None if is_linear else Normalization(preprocess.mean, preprocess.std)
    of_timm: Any = getattr(backbone, "pretrained_cfg", None)
    if not of_timm:
        return None
    return Normalization(tuple(of_timm["mean"]), tuple(of_timm["std"]))


class _Statistics(BaseModel):
    """The part of the preprocessing of a bundle that belongs to its weights."""

    stretch: str
    mean: tuple[float, ...]
    std: tuple[float, ...]


def _read_statistics(folder: Path) -> _Statistics:
    try:
        return _Statistics.model_validate(read_description(folder).get("preprocess"))
    except ValueError as error:
        raise not_whole(folder, f"preprocess: {describe_damage(error)}") from error
