"""Inference: logits of images or cached features, in batches, with test-time augmentation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from astroclf.data.augment import show_view
from astroclf.data.loader import Batch, Loader
from astroclf.data.preprocess import Preprocess
from astroclf.device import full_precision
from astroclf.inference.features import FeatureLoader
from astroclf.training.losses import Loss

CPU = torch.device("cpu")


class Outputs(NamedTuple):
    """Logits and per-image losses of a split, in the order of the data set.

    logits: (N, K) float32. losses: (N,) float64, NaN where a logit is not finite.
    """

    logits: np.ndarray
    losses: np.ndarray

    def of_images(self, kept: np.ndarray) -> Outputs:
        """Return the outputs of some images; kept: (N,) bool."""
        return Outputs(self.logits[kept], self.losses[kept])


@dataclass(frozen=True)
class Predictor:
    """A network with its preprocessing: images or cached features in, logits out.

    Runs in evaluation mode and full precision, so that results do not depend on the precision that
    was fastest in training.

    network: on `device`; cached features go through its `head` alone. preprocess: applied to arrays
    of images; a loader applies its own. tta_views: number of exact views (1 or 8) of an image whose
    logits are averaged (test-time augmentation). batch_size: of arrays; a loader has its own.
    """

    network: nn.Module
    preprocess: Preprocess
    tta_views: int = 1
    device: torch.device = CPU
    batch_size: int = 256

    @torch.inference_mode()
    def logits(self, images: np.ndarray | Tensor) -> Tensor:
        """Return (N, K) float32 logits on the device.

        images: (N, C, H, W) as a data set stores them, at least one.
        """
        starts = range(0, len(images), self.batch_size)
        return torch.cat(
            [self._batch_logits(images[start : start + self.batch_size]) for start in starts]
        )

    @torch.inference_mode()
    def outputs(self, loader: Loader, loss: Loss) -> Outputs:
        """Return the logits and per-image losses of a loader of images or of cached features."""
        on_features = isinstance(loader, FeatureLoader)
        network = self.network.get_submodule("head") if on_features else self.network
        passes = [_run(network, loader.eval_batches(view)) for view in range(self.tta_views)]
        logits = torch.stack([logits for logits, _ in passes]).mean(dim=0)
        losses = image_losses(logits, passes[0][1], loss)
        # Only here does the host wait for the device.
        return Outputs(logits.cpu().numpy(), losses.cpu().numpy())

    def _batch_logits(self, images: np.ndarray | Tensor) -> Tensor:
        if isinstance(images, np.ndarray):  # a copy, since memory maps are read-only
            dtype = np.uint8 if images.dtype == np.uint8 else np.float32
            images = torch.from_numpy(np.array(images, dtype))
        values = self.preprocess.scale(images.to(self.device))
        self.network.eval()
        with full_precision():
            views = [
                self.network(self.preprocess.normalize(show_view(values, view))).float()
                for view in range(self.tta_views)
            ]
        return torch.stack(views).mean(dim=0)


def image_losses(logits: Tensor, targets: Tensor, loss: Loss) -> Tensor:
    """Return (N,) float64 losses, NaN where a logit is not finite.

    An infinite logit of the true class would otherwise have a loss of zero.
    """
    return loss(logits, targets).masked_fill(~logits.isfinite().all(dim=1), torch.nan).double()


def _run(network: nn.Module, batches: Iterable[Batch]) -> tuple[Tensor, Tensor]:
    """Return the logits and targets of all batches, on the device."""
    network.eval()
    logits, targets = [], []
    with full_precision():
        for batch in batches:
            logits.append(network(batch.image).float())
            targets.append(batch.target)
    return torch.cat(logits), torch.cat(targets)
