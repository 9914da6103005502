"""Losses of soft targets: class probabilities of soft labels, mixup and cutmix."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]


def accept_soft_targets(loss: Loss) -> Loss:
    """Return the loss of class indices, which also accepts class probabilities.

    loss: of logits (B, K) and class indices (B,), computed image by image. The loss of probabilities t is
    its expectation, the sum over k of t_k loss(class k): for cross entropy that is -sum_k t_k log p_k, and
    for mixup the weighted mean of the losses of both labels, as published (Zhang et al. 2018,
    arXiv:1710.09412). The factors of class weights and focal losses are included.
    """

    def of_either(logits: Tensor, targets: Tensor) -> Tensor:
        if targets.ndim == 1:
            return loss(logits, targets)
        return expected_loss(loss, logits, targets)

    return of_either


def expected_loss(loss: Loss, logits: Tensor, probabilities: Tensor) -> Tensor:
    """Return (B,) means of the losses of all classes, weighted with the probabilities (B, K)."""
    batch, n_classes = probabilities.shape
    every_class = torch.arange(n_classes, device=logits.device).repeat(batch)
    losses = loss(logits.repeat_interleave(n_classes, dim=0), every_class)
    return (losses.view(batch, n_classes) * probabilities).sum(dim=1)
