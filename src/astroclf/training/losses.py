"""Losses: functions from logits and targets to one number per image, whose mean is minimized.

Every loss takes logits (B, K) and either class indices (B,) int64 or vote fractions (B, K) in
[0, 1], or its docstring names the kind (`vote_losses.loss_targets` makes numbers of votes). `weights` are (K,), one per class or answer: the loss of an
image of class y is multiplied by w_y, output k of vote fractions by w_k.

`@builds(<name>)` marks the function that makes a loss from the section of that name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.errors import UserError
from astroclf.settings import sections
from astroclf.settings.metrics import CLASSES
from astroclf.training.class_weights import class_weights, per_class
from astroclf.training.custom_loss import custom_loss
from astroclf.training.soft_targets import accept_soft_targets
from astroclf.training.vote_losses import (
    dirichlet_multinomial,
    multinomial,
    tree_of,
    tree_squared_error,
)

Loss = Callable[[Tensor, Tensor], Tensor]


Builder = Callable[[Any, ImageDataset, torch.device], Loss]
BUILDERS: dict[str, Builder] = {}


def make_loss(settings: sections.Loss, dataset: ImageDataset, device: torch.device) -> Loss:
    """Return the loss that the settings describe, with its class weights taken from the training split.

    A loss of class indices also accepts class probabilities (B, K), where the section states it.
    Raises UserError where a list of weights has another length than the list of classes, and for soft
    labels with a loss that needs one class an image.
    """
    if dataset.soft_targets is not None and not settings.takes_soft_targets:
        raise UserError(
            f"loss={settings.name}: the data set has soft labels, which this loss does not take. Choose loss=ce, ce_smooth, bce "
            "or focal."
        )
    loss = BUILDERS[settings.name](settings, dataset, device)
    takes_indices = dataset.target_kind == CLASSES and settings.name != "ce"
    return accept_soft_targets(loss) if takes_indices and settings.takes_soft_targets else loss


def builds(name: str) -> Callable[[Builder], Builder]:
    """Register a function (settings, dataset, device) -> Loss for the section of that name."""

    def register(builder: Builder) -> Builder:
        BUILDERS[name] = builder
        return builder

    return register


def cross_entropy(
    logits: Tensor, targets: Tensor, label_smoothing: float = 0.0, weights: Tensor | None = None
) -> Tensor:
    """-w_y log p_y with p the softmax; class indices, or class probabilities t: -sum_k t_k w_k log p_k.

    Smoothing mixes the truth with the uniform distribution (Szegedy et al. 2016, arXiv:1512.00567).
    """
    return F.cross_entropy(
        logits, targets, weight=weights, reduction="none", label_smoothing=label_smoothing
    )


@builds("ce")
def make_cross_entropy(settings: sections.Ce, dataset: ImageDataset, device: torch.device) -> Loss:
    weights = class_weights(settings.class_weights, dataset, device)
    return partial(cross_entropy, label_smoothing=settings.label_smoothing, weights=weights)


def binary_cross_entropy(
    logits: Tensor, targets: Tensor, label_smoothing: float = 0.0, weights: Tensor | None = None
) -> Tensor:
    """Mean over k of -(t_k log s_k + (1 - t_k) log(1 - s_k)) with s the sigmoid."""
    truth = _per_output(logits, targets)
    truth = truth * (1 - label_smoothing) + 0.5 * label_smoothing
    losses = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    return _mean_over_outputs(losses, targets, weights)


@builds("bce")
def make_binary_cross_entropy(
    settings: sections.Bce, dataset: ImageDataset, device: torch.device
) -> Loss:
    weights = class_weights(settings.class_weights, dataset, device)
    return partial(binary_cross_entropy, label_smoothing=settings.label_smoothing, weights=weights)


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
    for factors in (alpha, weights):
        if factors is not None:
            losses = losses * factors[targets]
    return losses


@builds("focal")
def make_focal(settings: sections.Focal, dataset: ImageDataset, device: torch.device) -> Loss:
    weights = class_weights(settings.class_weights, dataset, device)
    is_softmax = settings.form == "softmax"
    alpha: Tensor | float | None
    if isinstance(settings.alpha, tuple):
        alpha = per_class(settings.alpha, "loss.alpha", dataset, device)
        if is_softmax:  # there a class weight under another name
            alpha = alpha / dataset.mean_weight(alpha, TRAIN)
    else:
        alpha = settings.alpha
    form: Callable[..., Tensor] = softmax_focal if is_softmax else sigmoid_focal
    return partial(form, gamma=settings.gamma, alpha=alpha, weights=weights)


def squared_error(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean over k of w_k (s_k - t_k)^2 with s the sigmoid; vote fractions only."""
    return _mean_over_outputs((logits.sigmoid() - targets).square(), targets, weights)


@builds("mse")
def make_squared_error(settings: sections.Mse, dataset: ImageDataset, device: torch.device) -> Loss:
    weights = class_weights(settings.class_weights, dataset, device)
    if settings.obeys_tree(dataset.tree is not None):
        return tree_squared_error(tree_of(settings, dataset), weights)
    return partial(squared_error, weights=weights)


@builds("multinomial")
def make_multinomial(
    settings: sections.Multinomial, dataset: ImageDataset, device: torch.device
) -> Loss:
    return multinomial(tree_of(settings, dataset))


@builds("dirichlet_multinomial")
def make_dirichlet_multinomial(
    settings: sections.DirichletMultinomial, dataset: ImageDataset, device: torch.device
) -> Loss:
    return dirichlet_multinomial(tree_of(settings, dataset), settings.concentration_scale)


@builds("custom")
def make_custom(settings: sections.CustomLoss, dataset: ImageDataset, device: torch.device) -> Loss:
    weights = class_weights(settings.class_weights, dataset, device)
    return custom_loss(settings, dataset, weights)


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
