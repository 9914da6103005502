"""Batches of a split, from the device's own memory where it is large enough, else from the disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import psutil
import torch

from astroclf.data.augment import augment, show_view
from astroclf.data.preprocess import Preprocess
from astroclf.settings import sections


@dataclass(frozen=True, slots=True)
class Batch:
    """image: (B, C, H, W) float32, normalized. target: (B,) int64 or (B, K) float32. index: (B,)."""

    image: torch.Tensor
    target: torch.Tensor
    index: torch.Tensor


class Epochs(Protocol):
    """What a loop trains on and a network is run on: the batches of one split.

    steps: how many batches there are.
    """

    steps: int

    def __len__(self) -> int:
        """How many images there are."""
        ...

    def in_order(self, view: int = 0) -> Iterator[Batch]:
        """Every image once, in the order of the data set, in one of its exact views; 0 is as it is."""
        ...

    def shuffled(
        self, settings: sections.Augment | sections.Sky, seed: int, epoch: int, first_step: int = 0
    ) -> Iterator[Batch]:
        """Every image once, shuffled and augmented, from a step of the epoch on."""
        ...


class Images(Protocol):
    """Stored images of a data set, wherever they lie."""

    def rows(self, chunks: Sequence[np.ndarray]) -> Iterator[torch.Tensor]:
        """For each chunk of positions, its images as stored, on the device."""
        ...


class ResidentImages:
    """All images in the memory of the device, once the first of them is asked for."""

    def __init__(self, images: np.ndarray, device: torch.device) -> None:
        self.stored = images
        self.device = device

    @cached_property
    def images(self) -> torch.Tensor:
        # A copy: a memory map is read-only, and pages of it could be dropped again.
        return torch.from_numpy(np.array(self.stored)).to(self.device)

    def rows(self, chunks: Sequence[np.ndarray]) -> Iterator[torch.Tensor]:
        for chunk in chunks:
            yield self.images[torch.from_numpy(chunk).to(self.images.device)]


class StreamedImages:
    """Images read from a memory map, one batch ahead of the device."""

    def __init__(self, images: np.ndarray, device: torch.device) -> None:
        self.images = images
        self.device = device

    def rows(self, chunks: Sequence[np.ndarray]) -> Iterator[torch.Tensor]:
        with ThreadPoolExecutor(max_workers=1) as reader:
            waiting = [reader.submit(self._read, chunk) for chunk in chunks[:2]]
            for following in range(2, len(chunks) + 2):
                ready = waiting.pop(0).result()
                if following < len(chunks):
                    waiting.append(reader.submit(self._read, chunks[following]))
                yield ready.to(self.device, non_blocking=True)

    def _read(self, chunk: np.ndarray) -> torch.Tensor:
        rows = torch.from_numpy(self.images[chunk])
        return rows.pin_memory() if self.device.type == "cuda" else rows


def place_images(images: np.ndarray, device: torch.device, device_cache_fraction: float) -> Images:
    """Images resident on the device if they fit in that share of its free memory, else streamed."""
    if images.nbytes <= device_cache_fraction * free_memory(device):
        return ResidentImages(images, device)
    return StreamedImages(images, device)


def free_memory(device: torch.device) -> int:
    """Bytes of memory that the device has free now."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return int(psutil.virtual_memory().available)


def count_batches(n_images: int, batch_size: int) -> int:
    """Return into how many batches of nearly equal size the images of an epoch are divided.

    No image is left out, and no batch holds a single image (of which batch norm has no variance)
    unless batch_size or n_images is 1: with batch_size 2 one batch of an odd number holds three.
    """
    if batch_size == 1 or n_images < 2:
        return n_images
    return min(-(-n_images // batch_size), n_images // 2)


class Batches:
    """The images of one split, in batches.

    Every random choice depends on the seed, the epoch and the step alone, so that training can go
    on from any step as if it had never stopped.
    """

    def __init__(
        self,
        images: Images,
        targets: torch.Tensor,
        positions: np.ndarray,
        preprocess: Preprocess,
        *,
        batch_size: int,
    ) -> None:
        self.images = images
        self.targets = targets
        self.positions = positions
        self.preprocess = preprocess
        self.channels_last = False
        self.batch_size = batch_size
        self.steps = count_batches(len(positions), batch_size)

    def at(self, positions: np.ndarray) -> Batches:
        """Other images of the data set, seen in the same way."""
        others = Batches(
            self.images, self.targets, positions, self.preprocess, batch_size=self.batch_size
        )
        others.channels_last = self.channels_last
        return others

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.positions)

    def chunks_in_order(self) -> list[np.ndarray]:
        """The positions of the images of each batch, in the order of the data set."""
        return np.array_split(self.positions, self.steps)

    def chunks_shuffled(
        self, seed: int, epoch: int, first_step: int = 0
    ) -> list[tuple[np.ndarray, int]]:
        """For each batch, from a step of the epoch on: positions, and the seed of its augmentation."""
        order = np.random.default_rng([seed, epoch]).permutation(self.positions)
        chunks = np.array_split(order, self.steps)
        return [
            (chunks[step], int(np.random.SeedSequence([seed, epoch, step]).generate_state(1)[0]))
            for step in range(first_step, self.steps)
        ]

    def in_order(self, view: int = 0) -> Iterator[Batch]:
        """Every image once, in the order of the data set, in one of its exact views; 0 is as it is."""
        chunks = self.chunks_in_order()
        for stored, chunk in zip(self.images.rows(chunks), chunks, strict=True):
            yield self._batch(show_view(self.preprocess.scale(stored), view), chunk)

    def shuffled(
        self, settings: sections.Augment | sections.Sky, seed: int, epoch: int, first_step: int = 0
    ) -> Iterator[Batch]:
        """Every image once, shuffled and augmented, from a step of the epoch on."""
        planned = self.chunks_shuffled(seed, epoch, first_step)
        rows = self.images.rows([chunk for chunk, _ in planned])
        for stored, (chunk, draw) in zip(rows, planned, strict=True):
            values = self.preprocess.scale(stored)
            values = augment(values, settings, self.preprocess.stretch, draw)
            yield self._batch(values, chunk)

    def _batch(self, values: torch.Tensor, chunk: np.ndarray) -> Batch:
        index = torch.from_numpy(chunk)
        form = torch.channels_last if self.channels_last else torch.contiguous_format
        image = self.preprocess.normalize(values).contiguous(memory_format=form)
        return Batch(image, self.targets[index.to(self.targets.device)], index)
