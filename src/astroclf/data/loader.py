"""Data loaders: batches of a split, from the memory of the device where it is large enough, else from disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import Protocol

import numpy as np
import psutil
import torch

from astroclf.data.augment import VIEWS, augment, show_view, show_views
from astroclf.data.batch_sampler import BatchSampler, Chunk
from astroclf.data.batches import Batch, ImageValues
from astroclf.data.memory_map import BoundedReader
from astroclf.data.mixing import Mixing, mixing_seed
from astroclf.data.preprocess import Preprocess
from astroclf.settings import sections


class Loader(Protocol):
    """Batches of one split; augmentation and seed belong to the loader."""

    @property
    def n_images(self) -> int:
        """Number of images."""
        ...

    @property
    def n_batches(self) -> int:
        """Number of batches of an epoch."""
        ...

    def train_batches(self, epoch: int, first_batch: int = 0) -> Iterator[Batch]:
        """Yield the images of an epoch, shuffled and augmented, from a batch of the epoch on."""
        ...

    def eval_batches(self, view: int = 0) -> Iterator[Batch]:
        """Yield every image once, in the order of the data set, in an exact view; 0 is the image itself."""
        ...


class Images(Protocol):
    """Stored images of a data set."""

    def rows(self, chunks: Sequence[Chunk]) -> Iterator[torch.Tensor]:
        """Yield the images of each chunk as stored, on the device."""
        ...


class ResidentImages:
    """All images in the memory of the device, copied there at the first use."""

    def __init__(self, images: np.ndarray, device: torch.device) -> None:
        self.stored = images
        self.device = device

    @cached_property
    def images(self) -> torch.Tensor:
        # A copy: a memory map is read-only, and pages of it could be dropped again.
        return torch.from_numpy(np.array(self.stored)).to(self.device)

    def rows(self, chunks: Sequence[Chunk]) -> Iterator[torch.Tensor]:
        """Yield the images of each chunk as stored, on the device."""
        for chunk in chunks:
            yield self.images[chunk.index]


class StreamedImages:
    """Images read from a memory map, one batch ahead of the device."""

    def __init__(self, images: np.ndarray, device: torch.device) -> None:
        self.reader = BoundedReader(images)
        self.device = device

    def rows(self, chunks: Sequence[Chunk]) -> Iterator[torch.Tensor]:
        """Yield the images of each chunk as stored, on the device."""
        with ThreadPoolExecutor(max_workers=1) as reader:
            waiting = [reader.submit(self._read, chunk) for chunk in chunks[:2]]
            for following in range(2, len(chunks) + 2):
                ready = waiting.pop(0).result()
                if following < len(chunks):
                    waiting.append(reader.submit(self._read, chunks[following]))
                yield ready.to(self.device, non_blocking=True)

    def _read(self, chunk: Chunk) -> torch.Tensor:
        rows = torch.from_numpy(self.reader.read(chunk.positions))
        return rows.pin_memory() if self.device.type == "cuda" else rows


def place_images(images: np.ndarray, device: torch.device, device_cache_fraction: float) -> Images:
    """Return images resident on the device if they fit in that fraction of its free memory, else streamed."""
    if images.nbytes <= device_cache_fraction * free_memory(device):
        return ResidentImages(images, device)
    return StreamedImages(images, device)


def free_memory(device: torch.device) -> int:
    """Return the bytes of memory that are free on the device."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return int(psutil.virtual_memory().available)


class ImageLoader:
    """Batches of the images of one split, preprocessed and augmented."""

    def __init__(
        self,
        images: Images,
        values: ImageValues,
        sampler: BatchSampler,
        preprocess: Preprocess,
        augmentation: sections.Augment | sections.Sky | None = None,
        mixing: Mixing | None = None,
    ) -> None:
        """images, values: of the whole data set. augmentation, mixing: of training batches."""
        self.images = images
        self.values = values
        self.sampler = sampler
        self.preprocess = preprocess
        self.augmentation = augmentation
        self.mixing = mixing
        self.channels_last = False

    @property
    def n_images(self) -> int:
        """Number of images."""
        return len(self.sampler.positions)

    @property
    def n_batches(self) -> int:
        """Number of batches of a training epoch."""
        return self.sampler.n_batches

    def at(self, positions: np.ndarray) -> ImageLoader:
        """Return a loader of other images of the data set, which is otherwise the same."""
        sampler = self.sampler.at(positions)
        parts = (self.preprocess, self.augmentation, self.mixing)
        other = ImageLoader(self.images, self.values, sampler, *parts)
        other.channels_last = self.channels_last
        return other

    def train_batches(self, epoch: int, first_batch: int = 0) -> Iterator[Batch]:
        """Yield the images of an epoch, shuffled and augmented, from a batch of the epoch on."""
        chunks = self.sampler.shuffled(epoch, first_batch)
        augmented = self._augmented(self.images.rows(chunks), epoch, first_batch)
        batches = (
            self.values.train_batch(self._normalized(values), chunk.index)
            for values, chunk in zip(augmented, chunks, strict=True)
        )
        return batches if self.mixing is None else self._mixed(batches, epoch, first_batch)

    def _mixed(self, batches: Iterator[Batch], epoch: int, first_batch: int) -> Iterator[Batch]:
        assert self.mixing is not None  # its caller has checked
        for batch, seed in zip(batches, self.sampler.seeds(epoch, first_batch), strict=True):
            mixed = self.mixing.mix(batch, mixing_seed(seed))
            yield replace(mixed, image=self._in_format(mixed.image))

    def eval_batches(self, view: int = 0) -> Iterator[Batch]:
        """Yield every image once, in the order of the data set, in an exact view; 0 is the image itself."""
        chunks = self.sampler.in_order()
        for stored, chunk in zip(self.images.rows(chunks), chunks, strict=True):
            values = show_view(self.preprocess.scale(stored), view)
            yield self.values.eval_batch(self._normalized(values), chunk.index)

    def _augmented(
        self, rows: Iterator[torch.Tensor], epoch: int, first_batch: int
    ) -> Iterator[torch.Tensor]:
        settings = self.augmentation
        if settings is not None and settings.name in VIEWS and settings.name != "none":
            views = self.sampler.views(settings.name, epoch, first_batch)
            rows = map(
                show_views, rows, views
            )  # of stored pixels, which may be a quarter of the bytes
        scaled = map(self.preprocess.scale, rows)
        if settings is None or settings.name in VIEWS:
            yield from scaled
        else:
            for values, seed in zip(scaled, self.sampler.seeds(epoch, first_batch), strict=True):
                yield augment(values, settings, self.preprocess.stretch, seed)

    def _normalized(self, values: torch.Tensor) -> torch.Tensor:
        return self._in_format(self.preprocess.normalize(values))

    def _in_format(self, image: torch.Tensor) -> torch.Tensor:
        form = torch.channels_last if self.channels_last else torch.contiguous_format
        return image.contiguous(memory_format=form)
