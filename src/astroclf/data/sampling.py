"""Images of a training epoch: each once, or classes balanced by over- and under-sampling.

Sampling is a property of the loader of train alone, so that it follows the split by construction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.settings import sections


def class_quotas(counts: np.ndarray, strength: float, epoch: str) -> np.ndarray:
    """Return (K,) int64: the number of images of each class in an epoch.

    counts: (K,) images of each class in train. strength: the share of a class is proportional to
    n^(1 - strength), so that 0 leaves the classes as they are and 1 balances them. epoch: the number of
    all images is that of train ("same"), the smallest in which every image can be ("over"), or the largest
    in which no image repeats ("under").
    """
    present = counts > 0
    shares = np.where(present, np.maximum(counts, 1).astype(np.float64) ** (1 - strength), 0)
    shares /= shares.sum()
    ratios = counts[present] / shares[present]
    total = {"same": counts.sum(), "over": ratios.max(), "under": ratios.min()}[epoch]
    quotas = np.where(present, np.maximum(np.round(total * shares), 1), 0).astype(np.int64)
    return np.minimum(quotas, counts) if epoch == "under" else quotas


@dataclass(frozen=True, eq=False)
class BalancedSampling:
    """Numbers of images that an epoch draws of each class.

    classes: (n,) int64 class of each image of the split, in its order. quotas: (K,) int64 of `class_quotas`.
    """

    classes: np.ndarray
    quotas: np.ndarray

    @property
    def n_images(self) -> int:
        """Number of images of an epoch."""
        return int(self.quotas.sum())

    @property
    def factors(self) -> np.ndarray:
        """(K,) float64: how many times an epoch has an image of each class on average; 1 for absent classes."""
        counts = np.bincount(self.classes, minlength=len(self.quotas))
        return np.where(counts > 0, self.quotas / np.maximum(counts, 1), 1.0)

    def draw(self, positions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the positions of an epoch, shuffled.

        Of one class, no image is drawn once more before every other one was: the numbers of draws differ
        by 1 at most.
        """
        drawn = []
        for k, quota in enumerate(self.quotas.tolist()):
            members = positions[self.classes == k]
            if quota:
                whole, rest = divmod(quota, len(members))
                drawn += [np.tile(members, whole), rng.permutation(members)[:rest]]
        return rng.permutation(np.concatenate(drawn))


def sampling_of(trainer: sections.Trainer, dataset: ImageDataset) -> BalancedSampling | None:
    """Return the sampling of train that the settings choose; None for every image once."""
    if trainer.sampler == "shuffle":
        return None
    classes = dataset.leading[dataset.indices(TRAIN)]
    counts = dataset.class_counts(TRAIN)
    quotas = class_quotas(counts, trainer.sampler_strength, trainer.sampler_epoch)
    return BalancedSampling(classes, quotas)
