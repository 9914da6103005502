from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from astroclf.data.dataset import ImageDataset
from astroclf.data.pixels import Pixels


@pytest.fixture
def noise() -> ImageDataset:
    """Six images of noise in two classes; the first and the last are equal."""
    images = np.random.default_rng(0).integers(0, 256, (6, 1, 4, 4), dtype=np.uint8)
    images[5] = images[0]
    return ImageDataset(
        images=images,
        targets=np.array([0, 0, 0, 1, 1, 1]),
        ids=np.array(list("abcdef")),
        classes=("galaxy", "star"),
        split=np.array(["train", "train", "val", "train", "other", "a"]),
        pixels=Pixels(("gray",), None, "asinh"),
    )


def test_sizes_and_counts(noise: ImageDataset) -> None:
    assert (len(noise), noise.channels, noise.image_px) == (6, 1, 4)
    assert noise.split_names == ("train", "val", "a", "other")
    assert noise.indices("train").tolist() == [0, 1, 3]
    assert noise.class_counts("train").tolist() == [2, 1]
    assert noise.class_counts("val").tolist() == [1, 0]


def test_the_positive_class_is_the_second_of_two(noise: ImageDataset) -> None:
    assert noise.positive_class == "star"
    turned = noise.with_reversed_classes()
    assert (turned.classes, turned.positive_class) == (("star", "galaxy"), "galaxy")
    assert turned.targets.tolist() == [1, 1, 1, 0, 0, 0]
    assert replace(noise, classes=("a", "b", "c")).positive_class is None
    votes = replace(noise, targets=np.full((6, 2), 0.5, np.float32))
    assert (votes.target_kind, votes.exclusive_classes) == ("votes", ())
    assert votes.positive_class is None


def test_hashes_are_equal_where_every_pixel_is(noise: ImageDataset) -> None:
    assert noise.picture_hashes[0] == noise.picture_hashes[5]
    assert len(set(noise.picture_hashes)) == 5


def test_copies_share_hashes_until_the_images_change(noise: ImageDataset) -> None:
    split = noise.with_split(np.full(6, "train"))
    assert split.picture_hashes is noise.picture_hashes
    assert noise.with_groups(noise.ids).picture_hashes is noise.picture_hashes
    dark = replace(split, images=np.zeros_like(noise.images))
    assert len(set(dark.picture_hashes)) == 1


def test_fingerprints_change_with_ids_splits_targets_and_images(noise: ImageDataset) -> None:
    renamed = replace(noise, ids=np.array(list("ABCDEF")))
    assert renamed.pictures_fingerprint == noise.pictures_fingerprint
    changed = [
        renamed,
        noise.with_split(np.full(6, "train")),
        noise.with_reversed_classes(),
        replace(noise, images=noise.images[::-1]),
    ]
    assert len({noise.fingerprint, *(each.fingerprint for each in changed)}) == 5
