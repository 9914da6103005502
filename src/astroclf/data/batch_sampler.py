"""Division of the images of a split into batches, in an order that seed and epoch alone decide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from astroclf.data.augment import draw_views
from astroclf.data.sampling import BalancedSampling


@dataclass(frozen=True, slots=True)
class Chunk:
    """Images of a batch: positions in the data set, and the same as an index on the device."""

    positions: np.ndarray
    index: torch.Tensor


def count_batches(n_images: int, batch_size: int) -> int:
    """Return the number of batches of nearly equal size that the images of an epoch are divided into.

    No image is left out, and no batch holds a single image (of which batch norm has no variance)
    unless batch_size or n_images is 1: with batch_size 2 one batch of an odd number holds three.
    """
    if batch_size == 1 or n_images < 2:
        return n_images
    return min(-(-n_images // batch_size), n_images // 2)


class BatchSampler:
    """Division of the images of a split into batches.

    Every random choice depends on the seed, the epoch and the batch alone, so that training can be
    resumed from any step with the same batches. The order of an epoch is drawn once and moved to the
    device in one copy.
    """

    def __init__(
        self,
        positions: np.ndarray,
        batch_size: int,
        seed: int,
        device: torch.device,
        sampling: BalancedSampling | None = None,
    ) -> None:
        """sampling: of the images of an epoch; None for each of them once."""
        self.positions = positions
        self.batch_size = batch_size
        self.seed = seed
        self.device = device
        self.sampling = sampling
        self.epoch_images = len(positions) if sampling is None else sampling.n_images
        self.n_batches = count_batches(self.epoch_images, batch_size)

    def at(self, positions: np.ndarray) -> BatchSampler:
        """Return a sampler of other images of the data set."""
        return BatchSampler(positions, self.batch_size, self.seed, self.device)

    def in_order(self) -> list[Chunk]:
        """Return the batches of all images, in the order of the data set."""
        return self._divide(self.positions)

    def shuffled(self, epoch: int, first_batch: int = 0) -> list[Chunk]:
        """Return the batches of an epoch in random order, from one on."""
        rng = np.random.default_rng([self.seed, epoch])
        order = (
            rng.permutation(self.positions)
            if self.sampling is None
            else self.sampling.draw(self.positions, rng)
        )
        return self._divide(order)[first_batch:]

    def seeds(self, epoch: int, first_batch: int = 0) -> list[int]:
        """Return the seed of the augmentation of each batch of an epoch, from one on."""
        return [
            int(np.random.SeedSequence([self.seed, epoch, batch]).generate_state(1)[0])
            for batch in range(first_batch, self.n_batches)
        ]

    def views(self, name: str, epoch: int, first_batch: int = 0) -> tuple[torch.Tensor, ...]:
        """Return the random exact views (`draw_views`) of each batch of an epoch, from one on."""
        chunks = np.array_split(np.empty(self.epoch_images, bool), self.n_batches)
        sizes = [len(chunk) for chunk in chunks]
        drawn = [
            draw_views(name, size, seed)
            for size, seed in zip(sizes[first_batch:], self.seeds(epoch, first_batch), strict=True)
        ]
        return torch.cat(drawn).to(self.device).split(sizes[first_batch:]) if drawn else ()

    def _divide(self, positions: np.ndarray) -> list[Chunk]:
        index = torch.from_numpy(positions).to(self.device)
        n_batches = count_batches(len(positions), self.batch_size)
        chunks = np.array_split(positions, n_batches)
        return list(map(Chunk, chunks, index.tensor_split(n_batches)))
