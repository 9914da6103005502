"""A VGG-like network: pairs of 3 x 3 convolutions, then dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn


class Cnn(nn.Module):
    """Blocks of two 3 x 3 convolutions, each with its own weights, batch norm and ReLU.

    Every block ends in a 2 x 2 max-pooling (while more than one pixel is left). Dense layers with
    dropout before each follow, on every position (`flatten`) or on the mean over positions
    (`average`). Maps (B, channels, image_px, image_px) to (B, outputs) logits.
    """

    def __init__(
        self,
        channels: int,
        outputs: int,
        image_px: int,
        widths: Sequence[int] = (32, 64, 128),
        hidden_units: Sequence[int] = (2048, 2048),
        pool: Literal["flatten", "average"] = "flatten",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.features = nn.Sequential()
        side = image_px
        for width in widths:
            self.features.extend(convolution(channels, width))
            self.features.extend(convolution(width, width))
            if side > 1:
                self.features.append(nn.MaxPool2d(2))
                side //= 2
            channels = width
        if pool == "average":
            self.features.append(nn.AdaptiveAvgPool2d(1))
            side = 1
        self.features.append(nn.Flatten())
        self.classifier = dense_layers(channels * side * side, hidden_units, outputs, dropout)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(images))


def convolution(channels: int, width: int, kernel_px: int = 3) -> nn.Sequential:
    """A convolution that keeps the size, batch norm and ReLU."""
    return nn.Sequential(
        # Batch norm has its own offset, so the convolution needs none.
        nn.Conv2d(channels, width, kernel_px, padding=kernel_px // 2, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    )


def dense_layers(
    inputs: int, hidden_units: Sequence[int], outputs: int, dropout: float
) -> nn.Sequential:
    """Dense layers with ReLU between and dropout before each; the last one gives logits."""
    layers = nn.Sequential()
    for units in hidden_units:
        layers.extend([nn.Dropout(dropout), nn.Linear(inputs, units), nn.ReLU(inplace=True)])
        inputs = units
    layers.extend([nn.Dropout(dropout), nn.Linear(inputs, outputs)])
    return layers
