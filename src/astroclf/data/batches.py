"""Batches: images on the device, with the values of each image that training or inference takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from astroclf.data.dataset import TRAIN, ImageDataset


@dataclass(frozen=True, slots=True)
class Batch:
    """image: (B, C, H, W) float32, normalized; index: (B,) positions in the data set.

    target: (B,) int64 or (B, K) float32; of training batches, class probabilities where labels are soft.
    weight: (B,) factors of the losses, of training batches; None for equal weights.
    columns: (B, F) catalog columns, NaN where missing; None for networks that take none.
    """

    image: Tensor
    target: Tensor
    index: Tensor
    weight: Tensor | None = None
    columns: Tensor | None = None

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """Arguments of the network: the images, and the columns if there are some."""
        return (self.image,) if self.columns is None else (self.image, self.columns)


@dataclass(frozen=True, slots=True)
class ImageValues:
    """Targets, weights and catalog columns of all images of a data set, on the device.

    target: (N,) int64 or (N, K) float32, of validation and metrics. soft_target: (N, K) float32 class
    probabilities, of the training loss. weight: (N,) float32, with a mean of 1 over train.
    columns: (N, F) float32. None where there are none.
    """

    target: Tensor
    soft_target: Tensor | None = None
    weight: Tensor | None = None
    columns: Tensor | None = None

    @staticmethod
    def of(dataset: ImageDataset, device: torch.device, columns: Sequence[str] = ()) -> ImageValues:
        """Return the values of a data set, copied to the device. columns: those that the network takes."""

        def place(values: np.ndarray | None) -> Tensor | None:
            return (
                None
                if values is None
                else torch.from_numpy(np.ascontiguousarray(values)).to(device)
            )

        target = place(dataset.targets)
        assert target is not None  # every data set has targets
        chosen = dataset.column_values(columns) if columns else None
        return ImageValues(
            target, place(dataset.soft_targets), place(training_weights(dataset)), place(chosen)
        )

    def train_batch(self, image: Tensor, index: Tensor) -> Batch:
        """Return a training batch: soft targets where there are some, and weights of the losses."""
        target = self.target if self.soft_target is None else self.soft_target
        weight = None if self.weight is None else self.weight[index]
        return Batch(image, target[index], index, weight, self._columns(index))

    def eval_batch(self, image: Tensor, index: Tensor) -> Batch:
        """Return a batch of validation or inference: targets of the metrics, unweighted."""
        return Batch(image, self.target[index], index, columns=self._columns(index))

    def _columns(self, index: Tensor) -> Tensor | None:
        return None if self.columns is None else self.columns[index]


def training_weights(dataset: ImageDataset) -> np.ndarray | None:
    """Return (N,) float32 sample weights with a mean of 1 over train; None for equal weights.

    The size of the loss, and with it the learning rate, is then that of an unweighted training.
    """
    weights = dataset.sample_weights
    if weights is None:
        return None
    train = weights[dataset.indices(TRAIN)].astype(np.float64)
    return (weights / train.mean()).astype(np.float32) if len(train) else weights
