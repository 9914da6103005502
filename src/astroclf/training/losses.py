"""Losses: logits and targets in, one number an image out; the mean over images is minimised.

Every loss takes logits (B, K) and either class indices (B,) int64 or vote fractions (B, K) in
[0, 1], or its docstring names the kind. `weights` are (K,), one a class or answer: the loss of an
image of class y is multiplied by w_y, output k of vote fractions by w_k.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.errors import UserError
from astroclf.settings import sections

Loss = Callable[[Tensor, Tensor], Tensor]


def make_loss(settings: sections.Loss, dataset: ImageDataset, device: torch.device) -> Loss:
    """The loss that the settings describe, with its class weights taken from the training split.

    Raises UserError where a list of weights has another length than the list of classes.
    """
    weights = class_weights(settings.class_weights, dataset, device)
    if isinstance(settings, sections.Focal):
        alpha: Tensor | float | None
        if isinstance(settings.alpha, tuple):
            alpha = _one_a_class(settings.alpha, "loss.alpha", dataset, device)
            if settings.form == "softmax":  # there a class weight under another name
                alpha = alpha / _mean_weight(alpha, dataset)
        else:
            alpha = settings.alpha
        form: Callable[..., Tensor] = softmax_focal if settings.form == "softmax" else sigmoid_focal
        return partial(form, gamma=settings.gamma, alpha=alpha, weights=weights)
    if isinstance(settings, sections.Mse):
        return partial(squared_error, weights=weights)
    form = cross_entropy if isinstance(settings, sections.Ce) else binary_cross_entropy
    return partial(form, label_smoothing=settings.label_smoothing, weights=weights)


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
        given = _one_a_class(chosen, "loss.class_weights", dataset, device)
        return given / _mean_weight(given, dataset)
    if dataset.has_votes:
        votes = dataset.targets[dataset.indices(TRAIN)]
        inverse = 1 / np.maximum(votes.mean(axis=0), 1e-3)
        balanced = inverse / inverse.mean()
    else:
        counts = dataset.class_counts(TRAIN)
        balanced = counts.sum() / (len(dataset.classes) * np.maximum(counts, 1))
    return torch.tensor(balanced, dtype=torch.float32, device=device)


def _mean_weight(weights: Tensor, dataset: ImageDataset) -> Tensor:
    """Return the mean weight of a training image, or of an answer for vote fractions."""
    if dataset.has_votes:
        return weights.mean()
    counts = torch.from_numpy(dataset.class_counts(TRAIN)).to(weights)
    return (weights * counts).sum() / counts.sum()


def _one_a_class(
    numbers: tuple[float, ...], key: str, dataset: ImageDataset, device: torch.device | None
) -> Tensor:
    if len(numbers) != len(dataset.classes):
        raise UserError(
            f"{key} has {len(numbers)} numbers, but there are {len(dataset.classes)} classes: "
            f"{', '.join(dataset.classes)}; give one number for each, in this order."
        )
    return torch.tensor(numbers, dtype=torch.float32, device=device)


def cross_entropy(
    logits: Tensor, targets: Tensor, label_smoothing: float = 0.0, weights: Tensor | None = None
) -> Tensor:
    """-w_y log p_y with p the softmax; class indices only.

    Smoothing mixes the truth with the uniform distribution (Szegedy et al. 2016, arXiv:1512.00567).
    """
    return F.cross_entropy(
        logits, targets, weight=weights, reduction="none", label_smoothing=label_smoothing
    )


def binary_cross_entropy(
    logits: Tensor, targets: Tensor, label_smoothing: float = 0.0, weights: Tensor | None = None
) -> Tensor:
    """Mean over k of -(t_k log s_k + (1 - t_k) log(1 - s_k)) with s the sigmoid."""
    truth = _per_output(logits, targets)
    truth = truth * (1 - label_smoothing) + 0.5 * label_smoothing
    losses = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    return _mean_over_outputs(losses, targets, weights)


def sigmoid_focal(
    logits: Tensor,
    targets: Tensor,
    gamma: float = 2.0,
    alpha: Tensor | float | None = 0.25,
    weights: Tensor | None = None,
) -> Tensor:
    """Mean over k of -alpha_t (1 - p_t)^gamma log p_t (Lin et al. 2017, arXiv:1708.02002, eq. 5).

    p_t is s_k where the class is true and 1 - s_k elsewhere; alpha_t likewise is alpha or
    1 - alpha for one alpha. A list of alphas weighs the true side of each class, and its other
    side by 1.
    """
    truth = _per_output(logits, targets)
    cross_entropy_k = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    # log(1 - p_t) without ever forming p_t, so that a sure network gives no NaN.
    miss = F.logsigmoid(torch.where(truth > 0.5, -logits, logits))
    losses = torch.exp(gamma * miss) * cross_entropy_k
    if alpha is not None:
        other_side = 1 - alpha if isinstance(alpha, float) else 1.0
        losses = losses * (alpha * truth + other_side * (1 - truth))
    return _mean_over_outputs(losses, targets, weights)


def softmax_focal(
    logits: Tensor,
    targets: Tensor,
    gamma: float = 2.0,
    alpha: Tensor | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    """-alpha_y (1 - p_y)^gamma log p_y with p the softmax; class indices only."""
    log_p = F.log_softmax(logits, dim=1)
    true = F.one_hot(targets, logits.shape[1]).bool()
    log_p_true = log_p[true]
    # log(1 - p_y) is the log of the sum of all other probabilities.
    miss = log_p.masked_fill(true, -torch.inf).logsumexp(dim=1)
    losses = -torch.exp(gamma * miss) * log_p_true
    for per_class in (alpha, weights):
        if per_class is not None:
            losses = losses * per_class[targets]
    return losses


def squared_error(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean over k of w_k (s_k - t_k)^2 with s the sigmoid; vote fractions only."""
    return _mean_over_outputs((logits.sigmoid() - targets).square(), targets, weights)


def _per_output(logits: Tensor, targets: Tensor) -> Tensor:
    """(B, K) truth in the type of the logits; class indices become ones and zeros."""
    if targets.ndim == logits.ndim:
        return targets.to(logits.dtype)
    return F.one_hot(targets, logits.shape[1]).to(logits.dtype)


def _mean_over_outputs(losses: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
    """Return (B,) weighted means of the losses (B, K).

    Class indices weigh the whole image: weights on single outputs would sum to the same for every
    class and favor none.
    """
    if weights is None:
        return losses.mean(dim=1)
    if targets.ndim == 1:
        return losses.mean(dim=1) * weights[targets]
    return (losses * weights).mean(dim=1)
