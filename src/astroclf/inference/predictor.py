"""What a network says of every image of a split."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from astroclf.data.loader import Batch, Epochs
from astroclf.device import full_precision
from astroclf.status import status
from astroclf.training.losses import Loss


class Outputs(NamedTuple):
    """logits: (N, K) float32. losses: (N,) float64, one an image, NaN where a logit is not finite.
    In the order of the split."""

    logits: np.ndarray
    losses: np.ndarray

    def of_images(self, kept: np.ndarray) -> Outputs:
        """Return the outputs of some images; kept: (N,) bool."""
        return Outputs(self.logits[kept], self.losses[kept])


@status("validating")
def run_network(network: nn.Module, batches: Epochs, loss: Loss) -> Outputs:
    """Every image once, as it is, in evaluation mode and full precision.

    Full precision, because a figure that is reported should not depend on what was fastest to
    train with, and because the bundle predicts in it.
    """
    return _outputs(*_run(network, batches.in_order()), loss)


@status("evaluating")
def run_views(network: nn.Module, batches: Epochs, loss: Loss, views: int) -> Outputs:
    """As `run_network`, with the mean logits over the first exact views of each image."""
    said = [_run(network, batches.in_order(view)) for view in range(views)]
    logits = torch.stack([logits for logits, _ in said]).mean(dim=0)
    return _outputs(logits, said[0][1], loss)


@torch.inference_mode()
def _run(network: nn.Module, batches: Iterable[Batch]) -> tuple[Tensor, Tensor]:
    network.eval()
    logits, targets = [], []
    with full_precision():
        for batch in batches:
            logits.append(network(batch.image).float())
            targets.append(batch.target)
    return torch.cat(logits), torch.cat(targets)


def _outputs(logits: Tensor, targets: Tensor, loss: Loss) -> Outputs:
    losses = loss(logits, targets)
    # An infinite logit on the right side would have a loss of zero.
    losses = losses.masked_fill(~logits.isfinite().all(dim=1), torch.nan)
    # Only here is the device waited for.
    return Outputs(logits.cpu().numpy(), losses.double().cpu().numpy())
