"""A backbone for vote fractions: large kernels first."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from astroclf.errors import UserError
from astroclf.models.classifier import Backbone
from astroclf.models.cnn import convolution
from astroclf.settings import sections

KERNELS_PX = (9, 5, 3, 3)
GRID = 2
SMALLEST_PX = 2 ** len(KERNELS_PX)  # each pooling halves an image


def build(settings: sections.GalaxyCnn, channels: int, image_px: int) -> Backbone:
    """Return the network that the settings describe; raises UserError if the images are too small."""
    if image_px < SMALLEST_PX:
        raise UserError(
            f"dataset.image_px={image_px}: too small for model=galaxy_cnn. Choose {SMALLEST_PX} or more."
        )
    return Backbone(*build_galaxy_cnn(channels, settings.widths))


def build_galaxy_cnn(channels: int, widths: Sequence[int]) -> tuple[nn.Module, int]:
    """Return a backbone (B, channels, H, W) -> (B, width), and that width.

    Convolutions of 9, 5, 3 and 3 pixels, each with batch norm, ReLU and max-pooling. The last maps are
    pooled to a 2 x 2 grid, so that images of any size fit (from `SMALLEST_PX` on).
    """
    layers = nn.Sequential()
    for width, kernel_px in zip(widths, KERNELS_PX, strict=True):
        layers.extend([convolution(channels, width, kernel_px), nn.MaxPool2d(2)])
        channels = width
    layers.extend([nn.AdaptiveMaxPool2d(GRID), nn.Flatten()])
    return layers, channels * GRID**2
