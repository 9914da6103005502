"""What a network says of every image of a split."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from astroclf.data.batches import Batches
from astroclf.training.losses import Loss


class Outputs(NamedTuple):
    """logits: (N, K) float32. losses: (N,) float64, one an image. In the order of the split."""

    logits: np.ndarray
    losses: np.ndarray


@torch.inference_mode()
def run_network(network: nn.Module, batches: Batches, loss: Loss) -> Outputs:
    """Every image once, as it is, in evaluation mode and full precision.

    Full precision, because a figure that is reported should not depend on what was fastest to
    train with, and because the bundle predicts in it.
    """
    network.eval()
    logits, losses = [], []
    for batch in batches.in_order():
        said = network(batch.image).float()
        logits.append(said)
        losses.append(loss(said, batch.target))
    # Only here is the device waited for.
    return Outputs(torch.cat(logits).cpu().numpy(), torch.cat(losses).double().cpu().numpy())
