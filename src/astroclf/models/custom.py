"""A network of the user, by its import path."""

from __future__ import annotations

import inspect

from torch import nn

from astroclf.errors import UserError, one_line
from astroclf.models.classifier import Backbone, count_features
from astroclf.settings import sections
from astroclf.settings.targets import accepts, import_target


def build(settings: sections.CustomModel, channels: int, image_px: int) -> Backbone:
    """Return the target as a backbone, made with `kwargs`, and `channels` and `image_px` if it has them.

    Raises UserError if it cannot be made, or does not map images to features (B, width).
    """
    target = require_module(settings)
    size = zip(settings.optional, (channels, image_px), strict=True)
    given = {name: value for name, value in size if accepts(target, name)}
    try:
        network = target(**given | settings.kwargs)
        return Backbone(network, count_features(network, channels, image_px))
    except Exception as error:  # the code is the user's, and may raise anything
        raise UserError(
            f"model.target={settings.target}: failed on images of {image_px} px with {channels} bands "
            f"({one_line(error).rstrip('.')}). It maps (B, C, H, W) images to (B, width) features."
        ) from error


def require_module(settings: sections.CustomModel) -> type[nn.Module]:
    """Return the class of the target; raises UserError if it is none of torch.nn.Module.

    A function is refused: that of an unknown bundle could do anything when it is called.
    """
    target = import_target(settings.target)
    if not (inspect.isclass(target) and issubclass(target, nn.Module)):
        raise UserError(
            f"model.target={settings.target}: not a class of torch.nn.Module. Give the path of one."
        )
    return target
