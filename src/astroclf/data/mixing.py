"""Mixup and cutmix: pairs of training images mixed with their targets (torchvision.transforms.v2)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F

from astroclf.data.batches import Batch
from astroclf.settings import sections

STREAM = 1  # of random numbers, apart from those of augmentation


@dataclass(frozen=True)
class Mixing:
    """Mixing of the images of a training batch with each other.

    mixup, cutmix: alpha of the Beta distribution of the mixing ratio (Zhang et al. 2018, arXiv:1710.09412; Yun
    et al. 2019, arXiv:1905.04899), 0 for none. mixup_prob: fraction of the batches that are mixed.
    mixup_switch_prob: fraction of those that are mixed by cutmix, if both are on. outputs: number of classes
    or answers.
    """

    mixup: float
    cutmix: float
    mixup_prob: float
    mixup_switch_prob: float
    outputs: int

    @staticmethod
    def of(trainer: sections.Trainer, outputs: int) -> Mixing | None:
        """Return the mixing of the settings, None for none."""
        if not trainer.mixes_images:
            return None
        probabilities = (trainer.mixup_prob, trainer.mixup_switch_prob)
        return Mixing(trainer.mixup, trainer.cutmix, *probabilities, outputs)

    def mix(self, batch: Batch, seed: int) -> Batch:
        """Return the batch with each image mixed with the one before it; the seed decides everything.

        Targets become class probabilities, or mixed fractions. With weights, both images count by their own:
        the loss is that of the two weighted images. Catalog columns are mixed as the targets are.
        """
        with seeded(seed):
            draws = torch.rand(2).tolist()
            if draws[0] >= self.mixup_prob:
                return batch
            return self._transform(batch, use_cutmix=self._chooses_cutmix(draws[1]))

    def _chooses_cutmix(self, draw: float) -> bool:
        if self.mixup > 0 and self.cutmix > 0:
            return draw < self.mixup_switch_prob
        return self.cutmix > 0

    def _transform(self, batch: Batch, *, use_cutmix: bool) -> Batch:
        from torchvision.transforms import v2

        transform = v2.CutMix(alpha=self.cutmix) if use_cutmix else v2.MixUp(alpha=self.mixup)
        target = batch.target
        if target.ndim == 1:
            target = F.one_hot(target, self.outputs)
        target = target.to(torch.float32)
        weight = torch.ones_like(target[:, :1]) if batch.weight is None else batch.weight[:, None]
        parts = [target * weight, weight]
        parts += [] if batch.columns is None else [batch.columns]
        image, mixed = transform(batch.image, torch.cat(parts, dim=1))
        mixed_weight = mixed[:, self.outputs]
        return replace(
            batch,
            image=image,
            target=mixed[:, : self.outputs] / mixed_weight[:, None],
            weight=None if batch.weight is None else mixed_weight,
            columns=None if batch.columns is None else mixed[:, self.outputs + 1 :],
        )


def mixing_seed(augmentation_seed: int) -> int:
    """Return the seed of the mixing of a batch, independent of that of its augmentation."""
    return int(np.random.SeedSequence([augmentation_seed, STREAM]).generate_state(1)[0])


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed PyTorch's generator of the CPU, from which torchvision draws; restore its state after."""
    state = torch.get_rng_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(state)
