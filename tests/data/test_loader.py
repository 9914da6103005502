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
from astroclf.data.dataset import ImageDataset
from astroclf.data.loader import (
    Batch,
    Batches,
    Images,
    ResidentImages,
    StreamedImages,
    count_batches,
    free_memory,
    place_images,
)
from astroclf.data.preprocess import fit_preprocess

CPU = torch.device("cpu")


def make_batches(
    dataset: ImageDataset, split: str, batch_size: int, images: Images | None = None
) -> Batches:
    return Batches(
        images or ResidentImages(dataset.images, CPU),
        torch.from_numpy(dataset.targets),
        dataset.indices(split),
        fit_preprocess(dataset),
        batch_size=batch_size,
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
    resident = make_batches(mapped, "train", 5)
    streamed = make_batches(mapped, "train", 5, StreamedImages(mapped.images, CPU))
    assert_same(list(streamed.in_order()), list(resident.in_order()))
    for epoch in (0, 1):
        assert_same(
            list(streamed.shuffled(chosen, 3, epoch)), list(resident.shuffled(chosen, 3, epoch))
        )


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 7])
def test_streamed_images_come_in_the_order_of_the_chunks(mapped: ImageDataset, steps: int) -> None:
    chunks = np.array_split(np.arange(36)[::-1], steps) if steps else []
    streamed = list(StreamedImages(mapped.images, CPU).rows(chunks))
    assert len(streamed) == steps
    for chunk, images in zip(chunks, streamed, strict=True):
        np.testing.assert_array_equal(images, mapped.images[chunk])


def test_a_stream_may_be_left_early(settings: Any, mapped: ImageDataset) -> None:
    streamed = make_batches(mapped, "train", 3, StreamedImages(mapped.images, CPU))
    first = list(islice(streamed.shuffled(settings().augment, 0, 0), 2))
    assert len(first) == 2


@hypothesis_settings(deadline=None, max_examples=30)
@given(n=st.integers(1, 50), batch_size=st.integers(1, 60), seed=st.integers(0, 99))
def test_every_image_is_seen_once_an_epoch(
    settings: Any, make_dataset: Any, n: int, batch_size: int, seed: int
) -> None:
    dataset = make_dataset(n, 1, 2, all_train=True)
    batches = make_batches(dataset, "train", batch_size)
    chosen = settings_of_none(settings)
    for epoch in (0, 1):
        seen = list(batches.shuffled(chosen, seed, epoch))
        sizes = [len(batch.image) for batch in seen]
        assert sorted(torch.cat([batch.index for batch in seen]).tolist()) == list(range(n))
        assert len(sizes) == batches.steps
        assert max(sizes) <= (3 if batch_size == 2 else batch_size)
        assert max(sizes) - min(sizes) <= 1
        assert min(sizes) > 1 or 1 in (n, batch_size)
    assert len(batches) == n


_NONE: list[Any] = []


def settings_of_none(settings: Any) -> Any:
    """augment=none, composed once, since hypothesis asks many times."""
    if not _NONE:
        _NONE.append(settings("augment=none").augment)
    return _NONE[0]


@pytest.mark.parametrize("augment", ["none", "flips", "dihedral", "sky"])
@pytest.mark.parametrize("first_step", [1, 3, 5])
def test_an_epoch_goes_on_from_any_step(
    settings: Any, make_dataset: Any, augment: str, first_step: int
) -> None:
    chosen = settings(f"augment={augment}").augment
    batches = make_batches(make_dataset(36), "train", 5)
    assert batches.steps == 5
    whole = list(batches.shuffled(chosen, 7, 2))
    assert_same(list(batches.shuffled(chosen, 7, 2, first_step)), whole[first_step:])


def test_epochs_and_seeds_differ(settings: Any, make_dataset: Any) -> None:
    batches = make_batches(make_dataset(36), "train", 24)
    chosen = settings("augment=none").augment

    def order(seed: int, epoch: int) -> list[int]:
        return next(batches.shuffled(chosen, seed, epoch)).index.tolist()

    assert order(0, 0) == order(0, 0)
    assert len({tuple(order(seed, epoch)) for seed in (0, 1) for epoch in (0, 1)}) == 4


@pytest.mark.parametrize("split", ["train", "val"])
def test_in_order_gives_raw_pixels_normalized(make_dataset: Any, split: str) -> None:
    dataset = make_dataset(24)
    seen = list(make_batches(dataset, split, 5).in_order())
    positions = dataset.indices(split)
    train = dataset.images[dataset.indices("train")] / 255
    mean = train.mean(axis=(0, 2, 3), keepdims=True)
    std = train.std(axis=(0, 2, 3), keepdims=True)
    expected = (dataset.images[positions] / 255 - mean) / std
    np.testing.assert_allclose(torch.cat([b.image for b in seen]), expected, atol=1e-5)
    assert torch.cat([b.index for b in seen]).tolist() == positions.tolist()
    assert torch.cat([b.target for b in seen]).tolist() == dataset.targets[positions].tolist()


@pytest.mark.parametrize("votes", [False, True])
def test_a_target_stays_with_its_image(settings: Any, make_dataset: Any, votes: bool) -> None:
    dataset = make_dataset(24, votes=votes)
    batches = make_batches(dataset, "train", 5)
    preprocess = fit_preprocess(dataset)
    for batch in batches.shuffled(settings("augment=none").augment, 0, 0):
        stored = torch.from_numpy(dataset.images[batch.index])
        assert torch.equal(batch.image, preprocess.normalize(preprocess.scale(stored)))
        np.testing.assert_array_equal(batch.target, dataset.targets[batch.index])
        assert batch.target.dtype == (torch.float32 if votes else torch.int64)
        assert batch.image.dtype == torch.float32


def test_the_memory_format_changes_no_number(make_dataset: Any) -> None:
    batches = make_batches(make_dataset(24), "train", 16)
    plain = next(batches.in_order()).image
    batches.channels_last = True
    last = next(batches.in_order()).image
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


def test_free_memory_is_some() -> None:
    assert free_memory(CPU) > 2**20


@pytest.mark.parametrize(
    ("n_images", "batch_size", "expected"),
    [(17, 2, 8), (3, 2, 1), (16, 2, 8), (7, 3, 3), (17, 1, 17), (1, 8, 1), (0, 8, 0), (65, 64, 2)],
)
def test_no_batch_holds_a_single_image(n_images: int, batch_size: int, expected: int) -> None:
    assert count_batches(n_images, batch_size) == expected
