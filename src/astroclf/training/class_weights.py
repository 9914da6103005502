"""Weights of classes (or answers) in a loss, with a mean of 1 over the training images."""

from __future__ import annotations

import torch
from torch import Tensor

from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.errors import UserError


def class_weights(
    chosen: str | tuple[float, ...], dataset: ImageDataset, device: torch.device | None = None
) -> Tensor | None:
    """Return (K,) float32 weights, or None for `none`.

    `balanced` weights are those of `ImageDataset.balanced_weights` (scikit-learn's rule). All weights
    are divided by their mean, over the training images (sum over k of n_k w_k / N) or over the
    answers, so that they leave the size of the loss, and with it the learning rate, as it is without
    weights.
    """
    if chosen == "none":
        return None
    if isinstance(chosen, tuple):
        given = per_class(chosen, "loss.class_weights", dataset, device)
        return given / dataset.mean_weight(given, TRAIN)
    return torch.tensor(dataset.balanced_weights(TRAIN), dtype=torch.float32, device=device)


def per_class(
    numbers: tuple[float, ...], key: str, dataset: ImageDataset, device: torch.device | None
) -> Tensor:
    """Return (K,) float32 numbers of a setting; raises UserError if there is not one per class."""
    if len(numbers) != len(dataset.classes):
        raise UserError(
            f"{key}={list(numbers)}: {len(numbers)} numbers for {len(dataset.classes)} classes. Give one number for "
            f"each of {', '.join(dataset.classes)}, in this order."
        )
    return torch.tensor(numbers, dtype=torch.float32, device=device)
