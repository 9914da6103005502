"""A network for vote fractions: large kernels first, then dense layers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from astroclf.models.cnn import convolution, dense_layers

KERNELS_PX = (9, 5, 3, 3)
GRID = 2
SMALLEST_PX = 2 ** len(KERNELS_PX)  # each pooling halves an image


class GalaxyCnn(nn.Module):
    """Convolutions of 9, 5, 3 and 3 pixels, each with batch norm, ReLU and max-pooling.

    The last maps are pooled to a 2 x 2 grid, so that images of any size fit (from `SMALLEST_PX` on).
    Maps (B, channels, H, W) to (B, outputs) logits.
    """

    def __init__(
        self,
        channels: int,
        outputs: int,
        widths: Sequence[int] = (64, 128, 256, 512),
        hidden_units: Sequence[int] = (1024, 2048),
        dropout: float = 0.15,
    ) -> None:
        super().__init__()
        self.features = nn.Sequential()
        for width, kernel_px in zip(widths, KERNELS_PX, strict=True):
            self.features.extend(convolution(channels, width, kernel_px))
            self.features.append(nn.MaxPool2d(2))
            channels = width
        self.features.extend([nn.AdaptiveMaxPool2d(GRID), nn.Flatten()])
        self.classifier = dense_layers(channels * GRID**2, hidden_units, outputs, dropout)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(images))
