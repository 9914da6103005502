"""A loss of the user, by its import path."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from astroclf.data.dataset import ImageDataset
from astroclf.errors import UserError, one_line
from astroclf.settings import sections
from astroclf.settings.targets import import_target

Loss = Callable[[Tensor, Tensor], Tensor]


def custom_loss(
    settings: sections.CustomLoss, dataset: ImageDataset, weights: Tensor | None
) -> Loss:
    """Return the target as a loss: a function with `kwargs`, or an object of a class made with them.

    weights: (K,) factors of the losses of each class, None for none. Raises UserError if the target
    returns anything but one float per image, or refuses its arguments.
    """
    if weights is not None and not dataset.exclusive_classes:
        raise UserError(
            f"loss.class_weights={settings.class_weights}: weights of vote fractions belong into the target of "
            "loss=custom. Set it to none."
        )
    target = import_target(settings.target)
    kwargs = settings.kwargs
    function: Any
    try:
        function = target(**kwargs) if inspect.isclass(target) else partial(target, **kwargs)
        _check_result(function(*_example(dataset)))
    except Exception as error:  # the code is the user's, and may raise anything
        raise UserError(
            f"loss.target={settings.target}: failed on two images ({one_line(error).rstrip('.')}). It is called "
            "with logits (B, K) and targets, and returns (B,) losses."
        ) from error

    def loss(logits: Tensor, targets: Tensor) -> Tensor:
        losses: Tensor = function(logits, targets)
        return losses if weights is None else losses * weights[targets]

    return loss


def _example(dataset: ImageDataset) -> tuple[Tensor, Tensor]:
    """Return logits and targets of two images, on the CPU."""
    logits = torch.zeros(2, len(dataset.classes), requires_grad=True)
    return logits, torch.as_tensor(dataset.targets[:1].repeat(2, axis=0))


def _check_result(losses: object) -> None:
    if not isinstance(losses, Tensor) or losses.shape != (2,):
        shape = tuple(losses.shape) if isinstance(losses, Tensor) else type(losses).__name__
        raise ValueError(f"returned {shape}, not (2,)")
    if not losses.requires_grad:
        raise ValueError("its result has no gradient")
