"""Weights of classes (or answers) in a loss, with a mean of 1 over the training images."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.errors import UserError


def class_weights(
    chosen: str | tuple[float, ...], dataset: ImageDataset, device: torch.device | None = None
) -> Tensor | None:
    """Return (K,) float32 weights, or None for `none`.

    `balanced` weights are N / (K n_k) for a class with n_k of N training images (scikit-learn's
    rule), and the inverse mean vote for an answer. All weights are divided by their mean, over the
    training images (sum over k of n_k w_k / N) or over the answers, so that they leave the size of
    the loss, and with it the learning rate, as it is without weights.
    """
    if chosen == "none":
        return None
    if isinstance(chosen, tuple):
        given = per_class(chosen, "loss.class_weights", dataset, device)
        return given / mean_weight(given, dataset)
    if dataset.has_votes:
        votes = dataset.targets[dataset.indices(TRAIN)]
        inverse = 1 / np.maximum(votes.mean(axis=0), 1e-3)
        balanced = inverse / inverse.mean()
    else:
        counts = dataset.class_counts(TRAIN)
        balanced = counts.sum() / (len(dataset.classes) * np.maximum(counts, 1))
    return torch.tensor(balanced, dtype=torch.float32, device=device)


def mean_weight(weights: Tensor, dataset: ImageDataset) -> Tensor:
    """Return the mean weight of a training image, or of an answer for vote fractions."""
    if dataset.has_votes:
        return weights.mean()
    counts = torch.from_numpy(dataset.class_counts(TRAIN)).to(weights)
    return (weights * counts).sum() / counts.sum()


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
