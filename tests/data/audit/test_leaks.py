from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from astroclf.data.audit.leaks import Leak, find_leaks, leak_warning, write_leaks
from astroclf.data.dataset import ImageDataset
from astroclf.data.pixels import Pixels


def dataset_of(
    images: np.ndarray, split: list[str], groups: list[str] | None = None
) -> ImageDataset:
    return ImageDataset(
        images=images,
        targets=np.zeros(len(images), np.int64),
        ids=np.array([f"id{i}" for i in range(len(images))]),
        classes=("a", "b"),
        split=np.array(split),
        pixels=Pixels(("gray",), None, "linear"),
        groups=None if groups is None else np.array(groups),
    )


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 1, 8, 8), dtype=np.uint8)


def test_identical_pictures_in_two_splits_are_found() -> None:
    images = noise(6)
    images[4] = images[1]
    images[2] = images[0]  # in the same split: no leak
    images[5] = images[3]
    images[5, 0, 7, 7] ^= 1  # differs in one bit: not identical
    split = ["train", "train", "train", "train", "val", "test"]
    assert find_leaks(dataset_of(images, split)) == (
        Leak("pixels", ("id1", "id4"), ("train", "val")),
    )


def test_near_duplicates_in_two_splits_are_found_beside_identical_pictures() -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 1, 32, 32), dtype=np.uint8)
    images[3] = images[0]
    images[4] = np.rot90(images[1], 1, (1, 2))
    images[5] = images[2][:, ::-1]  # in the same split: no leak
    leaks = find_leaks(dataset_of(images, ["train", "train", "test", "val", "val", "test"]))
    assert leaks == (
        Leak("pixels", ("id0", "id3"), ("train", "val")),
        Leak("similar", ("id1", "id4"), ("train", "val")),
    )
    assert "1 near-duplicate (id1 in train and id4 in val)" in leak_warning(leaks)


def test_groups_in_several_splits_are_found() -> None:
    dataset = dataset_of(noise(5), ["train", "val", "test", "train", "train"], list("ababc"))
    assert find_leaks(dataset) == (
        Leak("group", ("id0", "id2"), ("train", "test")),
        Leak("group", ("id1", "id3"), ("val", "train")),
    )


def test_a_clean_dataset_has_no_leak() -> None:
    dataset = dataset_of(noise(4), ["train", "train", "val", "val"], list("aabb"))
    assert find_leaks(dataset) == ()


def test_the_warning_counts_and_names_examples() -> None:
    leaks = [Leak("pixels", ("a", "b", "c"), ("train", "train", "val"))] * 4
    leaks += [Leak("group", ("d", "e"), ("train", "test"))]
    warning = leak_warning(leaks)
    assert "4 identical pictures (a in train and c in val, " in warning
    assert "1 group (d in train and e in test)" in warning
    assert warning.count("c in val") == 3


def test_leaks_are_written_with_one_row_per_image(tmp_path: Path) -> None:
    write_leaks([Leak("group", ("d", "e"), ("train", "test"))], tmp_path / "leaks.csv")
    with (tmp_path / "leaks.csv").open(newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["leak", "what", "id", "split"],
            ["1", "group", "d", "train"],
            ["1", "group", "e", "test"],
        ]
    assert [file.name for file in tmp_path.iterdir()] == ["leaks.csv"]


def test_images_in_no_split_are_ignored() -> None:
    """Images outside of the folds of a cross-validation are used by no training."""
    twice = np.zeros((2, 1, 4, 4), np.uint8)
    assert find_leaks(dataset_of(twice, ["train", ""], groups=["one", "one"])) == ()
    assert len(find_leaks(dataset_of(twice, ["train", "val"], groups=["one", "one"]))) == 2
