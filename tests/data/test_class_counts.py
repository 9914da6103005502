from __future__ import annotations

import numpy as np

from astroclf.data.class_counts import class_table, small_class_warnings
from astroclf.data.dataset import ImageDataset
from astroclf.data.pixels import Pixels


def dataset_of(counts: dict[str, tuple[int, int, int]]) -> ImageDataset:
    """counts: class -> its number of images in train, val and test."""
    numbers = np.array(list(counts.values()))
    return ImageDataset(
        images=np.zeros((numbers.sum(), 1, 1, 1), np.uint8),
        targets=np.repeat(np.arange(len(counts)), numbers.sum(axis=1)),
        ids=np.array([f"id{i}" for i in range(numbers.sum())]),
        classes=tuple(counts),
        split=np.concatenate([np.repeat(["train", "val", "test"], row) for row in numbers]),
        pixels=Pixels(("gray",), None, "linear"),
    )


def test_every_class_is_counted_in_every_split_the_most_frequent_first() -> None:
    table = class_table(dataset_of({"cigar": (11, 3, 2), "completely_round": (1400, 300, 300)}))
    assert table.splitlines() == [
        "class             train  val  test",
        "completely_round  1,400  300   300",
        "cigar                11    3     2",
    ]


def test_many_classes_are_abbreviated_to_the_most_and_the_least_frequent() -> None:
    counts = {f"c{k}": (100 - k, 20, 20) for k in range(30)}
    lines = class_table(dataset_of(counts)).splitlines()
    assert [line.split()[0] for line in lines] == [
        "class",
        *(f"c{k}" for k in range(6)),
        "...",
        *(f"c{k}" for k in range(24, 30)),
    ]
    assert lines[7] == "... 18 more"


def test_small_classes_give_a_warning_with_their_counts() -> None:
    dataset = dataset_of(
        {"round": (700, 120, 118), "cigar": (11, 3, 2), "spiral": (30, 6, 10), "disk": (9, 10, 10)}
    )
    (warning,) = small_class_warnings(dataset)
    assert "cigar (16 of 1,029, 3 in val, 2 in test)" in warning
    assert "spiral (46 of 1,029, 6 in val)" in warning
    assert "disk (29 of 1,029)" in warning
    assert "round" not in warning
    (pooled,) = small_class_warnings(dataset, pooled=True)
    assert "cigar (16 of 1,029), disk (29 of 1,029)." in pooled
    assert "spiral" not in pooled


def test_large_classes_give_no_warning() -> None:
    assert small_class_warnings(dataset_of({"a": (10, 10, 10), "b": (50, 10, 10)})) == []
