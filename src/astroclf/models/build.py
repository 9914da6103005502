"""From the settings of a model to a network with its starting weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from astroclf.errors import UserError
from astroclf.models.weights import load_weights
from astroclf.settings import sections


@dataclass(frozen=True)
class BuiltModel:
    """A network that maps (B, C, H, W) to (B, K) logits.

    backbone: where its weights come from: "imagenet", "random", or the name of a file.
    warning: what a user must know about those weights, or "".
    """

    network: nn.Module
    backbone: str
    warning: str = ""


def build_model(
    settings: sections.Model, *, channels: int, outputs: int, image_px: int
) -> BuiltModel:
    """The network that the settings describe, for images of that shape and that many outputs.

    Raises UserError where timm knows no such network, where weights that must be had cannot be,
    or where a file holds the weights of another network.
    """
    built = _build(settings, channels=channels, outputs=outputs, image_px=image_px)
    if settings.weights is None:
        return built
    warning = load_weights(built.network, Path(settings.weights))
    return BuiltModel(built.network, backbone=settings.weights, warning=warning)


def _build(settings: sections.Model, *, channels: int, outputs: int, image_px: int) -> BuiltModel:
    if isinstance(settings, sections.Cnn):
        from astroclf.models.cnn import Cnn

        cnn = Cnn(
            channels,
            outputs,
            image_px,
            settings.widths,
            settings.hidden_units,
            settings.pool,
            settings.dropout,
        )
        return BuiltModel(cnn, backbone="random")
    if isinstance(settings, sections.GalaxyCnn):
        from astroclf.models.galaxy_cnn import SMALLEST_PX, GalaxyCnn

        if image_px < SMALLEST_PX:
            raise UserError(
                f"model=galaxy_cnn wants images of {SMALLEST_PX} px or more, and dataset.image_px={image_px}."
            )
        galaxy_cnn = GalaxyCnn(
            channels, outputs, settings.widths, settings.hidden_units, settings.dropout
        )
        return BuiltModel(galaxy_cnn, backbone="random")
    assert isinstance(settings, sections.Timm)
    from astroclf.models.backbone import create_backbone

    return BuiltModel(*create_backbone(settings, channels, outputs, image_px))
