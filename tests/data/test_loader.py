from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from astroclf.data import loader as module
from astroclf.data.augment import augment as draw_augmented
from astroclf.data.batch_sampler import BatchSampler, Chunk
from astroclf.data.batches import Batch, ImageValues
from astroclf.data.dataset import ImageDataset
from astroclf.data.loader import (
    ImageLoader,
    Images,
    ResidentImages,
    StreamedImages,
    free_memory,
    place_images,
)
from astroclf.data.preprocess import fit_preprocess

CPU = torch.device("cpu")


def make_loader(
    dataset: ImageDataset,
    split: str,
    batch_size: int,
    images: Images | None = None,
    *,
    augmentation: Any = None,
    seed: int = 0,
) -> ImageLoader:
    return ImageLoader(
        images or ResidentImages(dataset.images, CPU),
        ImageValues.of(dataset, CPU),
        BatchSampler(dataset.indices(split), batch_size, seed, CPU),
        fit_preprocess(dataset),
        augmentation,
    )


def assert_same(found: list[Batch], expected: list[Batch]) -> None:
    assert len(found) == len(expected)
    for mine, its in zip(found, expected, strict=True):
        assert torch.equal(mine.index, its.index)
        assert torch.equal(mine.target, its.target)
        assert torch.equal(mine.image, its.image)


@pytest.fixture
def mapped(make_dataset: Callable[..., ImageDataset], tmp_path: Path) -> ImageDataset:
    """A data set whose images are a read-only memory map."""
    dataset = make_dataset(36)
    np.save(tmp_path / "images.npy", dataset.images)
    return ImageDataset(
        **{**vars(dataset), "images": np.load(tmp_path / "images.npy", mmap_mode="r")}
    )


@pytest.mark.parametrize("augment", ["none", "dihedral", "sky"])
def test_resident_and_streamed_images_are_the_same(
    settings: Any, mapped: ImageDataset, augment: str
) -> None:
    chosen = settings(f"augment={augment}").augment
    resident = make_loader(mapped, "train", 5, augmentation=chosen, seed=3)
    stream = StreamedImages(mapped.images, CPU)
    streamed = make_loader(mapped, "train", 5, stream, augmentation=chosen, seed=3)
    assert_same(list(streamed.eval_batches()), list(resident.eval_batches()))
    for epoch in (0, 1):
        assert_same(list(streamed.train_batches(epoch)), list(resident.train_batches(epoch)))


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 7])
def test_streamed_images_come_in_the_order_of_the_chunks(mapped: ImageDataset, steps: int) -> None:
    arrays = np.array_split(np.arange(36)[::-1].copy(), steps) if steps else []
    chunks = [Chunk(positions, torch.from_numpy(positions)) for positions in arrays]
    streamed = list(StreamedImages(mapped.images, CPU).rows(chunks))
    assert len(streamed) == steps
    for chunk, images in zip(chunks, streamed, strict=True):
        np.testing.assert_array_equal(images, mapped.images[chunk.positions])


def test_a_stream_can_be_closed_early(mapped: ImageDataset) -> None:
    streamed = make_loader(mapped, "train", 3, StreamedImages(mapped.images, CPU))
    first = list(islice(streamed.train_batches(0), 2))
    assert len(first) == 2


@hypothesis_settings(deadline=None, max_examples=30)
@given(n=st.integers(1, 50), batch_size=st.integers(1, 60), seed=st.integers(0, 99))
def test_every_image_is_loaded_once_an_epoch(
    make_dataset: Any, n: int, batch_size: int, seed: int
) -> None:
    dataset = make_dataset(n, 1, 2, all_train=True)
    loader = make_loader(dataset, "train", batch_size, seed=seed)
    for epoch in (0, 1):
        seen = list(loader.train_batches(epoch))
        sizes = [len(batch.image) for batch in seen]
        assert sorted(torch.cat([batch.index for batch in seen]).tolist()) == list(range(n))
        assert len(sizes) == loader.n_batches
        assert max(sizes) <= (3 if batch_size == 2 else batch_size)
        assert max(sizes) - min(sizes) <= 1
        assert min(sizes) > 1 or 1 in (n, batch_size)
    assert loader.n_images == n


@pytest.mark.parametrize("augment", ["none", "flips", "dihedral", "sky"])
@pytest.mark.parametrize("first_batch", [1, 3, 5])
def test_an_epoch_is_resumed_from_any_batch(
    settings: Any, make_dataset: Any, augment: str, first_batch: int
) -> None:
    chosen = settings(f"augment={augment}").augment
    loader = make_loader(make_dataset(36), "train", 5, augmentation=chosen, seed=7)
    assert loader.n_batches == 5
    whole = list(loader.train_batches(2))
    assert_same(list(loader.train_batches(2, first_batch)), whole[first_batch:])


@pytest.mark.parametrize("augment", ["flips", "dihedral", "sky"])
def test_views_of_an_epoch_are_those_drawn_batch_by_batch(
    settings: Any, make_dataset: Any, augment: str
) -> None:
    """Reference: the permutation by (seed, epoch), the views by (seed, epoch, batch)."""
    chosen = settings(f"augment={augment}").augment
    dataset = make_dataset(36)
    loader = make_loader(dataset, "train", 5, augmentation=chosen, seed=7)
    order = np.random.default_rng([7, 2]).permutation(dataset.indices("train"))
    for step, batch in enumerate(loader.train_batches(2)):
        positions = np.array_split(order, 5)[step]
        assert batch.index.tolist() == positions.tolist()
        seed = int(np.random.SeedSequence([7, 2, step]).generate_state(1)[0])
        scaled = loader.preprocess.scale(torch.from_numpy(dataset.images[positions]))
        seen = draw_augmented(scaled, chosen, loader.preprocess.stretch, seed)
        assert torch.equal(batch.image, loader.preprocess.normalize(seen))


def test_an_epoch_is_moved_to_the_device_in_one_copy(
    settings: Any, make_dataset: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settings("augment=dihedral").augment
    loader = make_loader(make_dataset(36), "train", 5, augmentation=chosen)
    list(loader.eval_batches())  # moves the images
    copied: list[int] = []
    move = torch.Tensor.to
    monkeypatch.setattr(
        torch.Tensor, "to", lambda self, *args: copied.append(len(self)) or move(self, *args)
    )
    batches = loader.train_batches(0)
    next(batches)
    sizes = [size for size in copied if size == 24]
    assert sizes == [24, 24], "the permutation and the views"
    copied.clear()
    list(batches)
    assert 24 not in copied


def test_orders_differ_by_epoch_and_seed(make_dataset: Any) -> None:
    dataset = make_dataset(36)

    def order(seed: int, epoch: int) -> list[int]:
        return next(
            make_loader(dataset, "train", 24, seed=seed).train_batches(epoch)
        ).index.tolist()

    assert order(0, 0) == order(0, 0)
    assert len({tuple(order(seed, epoch)) for seed in (0, 1) for epoch in (0, 1)}) == 4


@pytest.mark.parametrize("split", ["train", "val"])
def test_eval_batches_are_raw_pixels_normalized_in_order(make_dataset: Any, split: str) -> None:
    dataset = make_dataset(24)
    seen = list(make_loader(dataset, split, 5).eval_batches())
    positions = dataset.indices(split)
    train = dataset.images[dataset.indices("train")] / 255
    mean = train.mean(axis=(0, 2, 3), keepdims=True)
    std = train.std(axis=(0, 2, 3), keepdims=True)
    expected = (dataset.images[positions] / 255 - mean) / std
    np.testing.assert_allclose(torch.cat([b.image for b in seen]), expected, atol=1e-5)
    assert torch.cat([b.index for b in seen]).tolist() == positions.tolist()
    assert torch.cat([b.target for b in seen]).tolist() == dataset.targets[positions].tolist()


@pytest.mark.parametrize("votes", [False, True])
def test_a_target_stays_with_its_image(make_dataset: Any, votes: bool) -> None:
    dataset = make_dataset(24, votes=votes)
    loader = make_loader(dataset, "train", 5)
    preprocess = fit_preprocess(dataset)
    for batch in loader.train_batches(0):
        stored = torch.from_numpy(dataset.images[batch.index])
        assert torch.equal(batch.image, preprocess.normalize(preprocess.scale(stored)))
        np.testing.assert_array_equal(batch.target, dataset.targets[batch.index])
        assert batch.target.dtype == (torch.float32 if votes else torch.int64)
        assert batch.image.dtype == torch.float32


def test_the_memory_format_changes_no_number(make_dataset: Any) -> None:
    loader = make_loader(make_dataset(24), "train", 16)
    plain = next(loader.eval_batches()).image
    loader.channels_last = True
    last = next(loader.eval_batches()).image
    assert last.is_contiguous(memory_format=torch.channels_last)
    assert plain.is_contiguous()
    assert torch.equal(plain, last)


def test_images_are_resident_where_they_fit(
    make_dataset: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = make_dataset(24).images
    monkeypatch.setattr(module, "free_memory", lambda device: 2 * images.nbytes)
    assert isinstance(place_images(images, CPU, 0.5), ResidentImages)
    assert isinstance(place_images(images, CPU, 0.49), StreamedImages)
    assert isinstance(place_images(images, CPU, 0.0), StreamedImages)


def test_free_memory_is_positive() -> None:
    assert free_memory(CPU) > 2**20
