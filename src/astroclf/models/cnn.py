"""A VGG-like backbone: pairs of 3 x 3 convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import nn

from astroclf.models.classifier import Backbone
from astroclf.settings import sections


def build(settings: sections.Cnn, channels: int, image_px: int) -> Backbone:
    """Return the network that the settings describe."""
    return Backbone(*build_cnn(channels, image_px, settings.widths, settings.pool))


def build_cnn(
    channels: int, image_px: int, widths: Sequence[int], pool: Literal["flatten", "average"]
) -> tuple[nn.Module, int]:
    """Return a backbone (B, channels, image_px, image_px) -> (B, width), and that width.

    Blocks of two 3 x 3 convolutions, each with its own weights, batch norm and ReLU. Every block ends
    in a 2 x 2 max-pooling (while more than one pixel is left). Features are every position of the
    last maps (`flatten`) or their mean over positions (`average`).
    """
    layers = nn.Sequential()
    side = image_px
    for width in widths:
        layers.extend([convolution(channels, width), convolution(width, width)])
        if side > 1:
            layers.append(nn.MaxPool2d(2))
            side //= 2
        channels = width
    if pool == "average":
        layers.append(nn.AdaptiveAvgPool2d(1))
        side = 1
    layers.append(nn.Flatten())
    return layers, channels * side * side


def convolution(channels: int, width: int, kernel_px: int = 3) -> nn.Sequential:
    """Return a convolution that keeps the size, with batch norm and ReLU."""
    return nn.Sequential(
        # Batch norm has its own offset, so the convolution needs none.
        nn.Conv2d(channels, width, kernel_px, padding=kernel_px // 2, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    )
