"""Networks of timm by name, with ImageNet weights if they are available."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn

from astroclf.errors import UserError, one_line
from astroclf.models.classifier import Backbone, count_features
from astroclf.models.imagenet import find_imagenet_weights
from astroclf.models.stem import adapt_stems
from astroclf.settings import sections


def build(settings: sections.Timm, channels: int, image_px: int) -> Backbone:
    """Return a network of timm without its head.

    The first convolution of ImageNet weights is adapted to `channels` (see `models.stem`).
    """
    require_known(settings.name)
    if settings.pretrained is False or settings.weights is not None:
        return _create(settings, channels, image_px, weights=None)
    found = find_imagenet_weights(settings.name)
    if isinstance(found, Path):
        return _create(settings, channels, image_px, weights=found)
    if settings.pretrained is True:
        raise UserError(
            f"model.pretrained=true: ImageNet weights of {settings.name} are not available ({found}). "
            "Run once where the model hub can be reached and copy its cache here (HF_HOME), "
            "give a file as model.weights=<file>, or choose model.pretrained=false."
        )
    warning = (
        f"{settings.name} starts from RANDOM weights, because ImageNet weights are not available ({found}). "
        "Expect a lower score, or give a file as model.weights=<file>."
    )
    return _create(settings, channels, image_px, weights=None)._replace(warning=warning)


def require_known(name: str) -> None:
    """Raise UserError with similar names if timm has no such network, or no such weights of it."""
    if timm.is_model(name):
        architecture, _, tag = name.partition(".")
        tags = [
            known.partition(".")[2]
            for known in timm.list_models(f"{architecture}.*", pretrained=True)
        ]
        if not tag or tag in tags:
            return
        raise UserError(
            f"model.name={name}: timm has no such weights. Choose one of {', '.join(tags)} for {architecture}."
        )
    # Underscores are misplaced most often, so similarity ignores them.
    names = {known.replace("_", ""): known for known in timm.list_models()}
    near = [names[key] for key in difflib.get_close_matches(name.lower().replace("_", ""), names)]
    hint = f"Similar names: {', '.join(near)}" if near else "timm.list_models() lists all names"
    raise UserError(f"model.name={name}: not a network of timm. {hint}.")


def _create(
    settings: sections.Timm, channels: int, image_px: int, weights: Path | None
) -> Backbone:
    options: dict[str, Any] = {}
    if settings.drop_path:
        options["drop_path_rate"] = settings.drop_path
    published = timm.get_pretrained_cfg(settings.name)
    if published is not None and published.fixed_input_size:
        options["img_size"] = image_px
    if weights is not None:
        options["pretrained_cfg_overlay"] = {"file": str(weights), "custom_load": False}
    try:
        network = _network(settings.name, channels, weights is not None, options)
    except (AssertionError, TypeError, ValueError) as error:
        raise UserError(
            f"model.name={settings.name}: cannot be built for images of {image_px} px with {channels} bands ({error})."
        ) from error
    patch = getattr(getattr(network, "patch_embed", None), "patch_size", 1)
    patch_px = patch if isinstance(patch, int) else patch[0]
    if "img_size" in options and image_px % patch_px:
        raise UserError(
            f"dataset.image_px={image_px}: not a multiple of the {patch_px} px of a patch of {settings.name}. "
            f"Choose {max(1, round(image_px / patch_px)) * patch_px}."
        )
    extract = None
    if settings.features == "stages":
        extract = stage_features
        if not hasattr(network, "forward_intermediates"):
            raise UserError(
                f"model.features=stages: timm has no features of the stages of {type(network).__name__}. Choose "
                "model.features=last."
            )
    try:
        width = count_features(network, channels, image_px, extract)
    except (RuntimeError, AssertionError, ValueError) as error:
        raise UserError(
            f"dataset.image_px={image_px}: {settings.name} fails on such images, which may be too small "
            f"({one_line(error)}). Choose a larger size, or another network."
        ) from error
    source = "random" if weights is None else "imagenet"
    return Backbone(network, width, source, extract=extract)


def _network(name: str, channels: int, pretrained: bool, options: dict[str, Any]) -> nn.Module:
    """Return a network of timm without a head, its weights adapted to the bands."""
    published = timm.get_pretrained_cfg(name)
    known = published.input_size[0] if pretrained and published is not None else channels
    network: nn.Module = timm.create_model(
        name, pretrained=pretrained, in_chans=known, num_classes=0, **options
    )
    if known == channels:
        return network
    options = {key: value for key, value in options.items() if key != "pretrained_cfg_overlay"}
    adapted: nn.Module = timm.create_model(name, in_chans=channels, num_classes=0, **options)
    weights, _ = adapt_stems(network.state_dict(), adapted.state_dict(), channels)
    adapted.load_state_dict(weights, strict=True)
    return adapted


def stage_features(network: nn.Module, images: Tensor) -> Tensor:
    """Return the mean map of each stage of a timm network, and the features of its last layer.

    Early stages respond to edges and textures, which galaxies have, and late ones to the classes of
    ImageNet (Evci et al. 2022, arXiv:2201.03529).
    """
    timm_network: Any = network
    last, maps = timm_network.forward_intermediates(images)
    means = [stage.mean(dim=(2, 3)) for stage in maps]
    return torch.cat([*means, timm_network.forward_head(last, pre_logits=True)], dim=1)
