from __future__ import annotations

import csv
import logging
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroclf.data.dataset import ImageDataset
from astroclf.data.pixels import Pixels
from astroclf.data.splits import assign_splits, check_splits, write_split
from astroclf.errors import UserError


def dataset_of(
    targets: object, split: object = "", groups: object = None, classes: int | None = None
) -> ImageDataset:
    targets = np.asarray(targets)
    n_classes = classes or (targets.shape[1] if targets.ndim == 2 else int(targets.max()) + 1)
    return ImageDataset(
        images=np.zeros((len(targets), 1, 2, 2), np.uint8),
        targets=targets.astype(np.float32 if targets.ndim == 2 else np.int64),
        ids=np.array([f"id{i}" for i in range(len(targets))]),
        classes=tuple(f"c{k}" for k in range(n_classes)),
        split=np.broadcast_to(np.asarray(split, str), len(targets)).copy(),
        pixels=Pixels(("gray",), None, "linear"),
        groups=None if groups is None else np.asarray(groups).astype(str),
    )


def counts_of(dataset: ImageDataset) -> dict[str, int]:
    return dict(Counter(dataset.split.tolist()))


fractions = st.floats(0, 0.45)


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=200), fractions, fractions, st.integers(0, 9)
)
def test_sizes_are_exact_and_classes_in_proportion(
    targets: list[int], val_fraction: float, test_fraction: float, seed: int
) -> None:
    dataset = assign_splits(dataset_of(targets), val_fraction, test_fraction, seed)
    wanted = {
        "val": round(val_fraction * len(targets)),
        "test": round(test_fraction * len(targets)),
    }
    for split, size in wanted.items():
        inside = dataset.targets[dataset.indices(split)]
        assert len(inside) == size
        for label, total in Counter(targets).items():
            assert abs((inside == label).sum() - total * size / len(targets)) < 2
    assert set(dataset.split.tolist()) <= {"train", "val", "test"}


def test_a_draw_depends_only_on_the_seed() -> None:
    dataset = dataset_of([0, 1] * 100)
    first = assign_splits(dataset, 0.2, 0.2, seed=3).split
    np.testing.assert_array_equal(first, assign_splits(dataset, 0.2, 0.2, seed=3).split)
    assert (first != assign_splits(dataset, 0.2, 0.2, seed=4).split).any()
    assert set(dataset.split.tolist()) == {""}  # the array of the source is not changed


def test_every_class_of_two_or_more_is_in_val_and_train() -> None:
    targets = [0] * 100 + [1, 1] + [2, 2, 2]
    for seed in range(20):
        check_splits(assign_splits(dataset_of(targets), 0.15, 0.0, seed))


def test_votes_are_stratified_by_their_leading_answer() -> None:
    votes = np.repeat(np.array([[0.9, 0.1], [0.4, 0.6]]), [80, 20], axis=0)
    dataset = assign_splits(dataset_of(votes), 0.1, 0.1, 0)
    for split in ("val", "test"):
        leading = votes[dataset.indices(split)].argmax(axis=1)
        assert np.bincount(leading).tolist() == [8, 2]


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2)), min_size=1, max_size=120),
    st.integers(0, 5),
)
def test_groups_are_kept_in_one_split(rows: list[tuple[int, int]], seed: int) -> None:
    groups, targets = zip(*rows, strict=True)
    dataset = assign_splits(dataset_of(targets, groups=groups), 0.2, 0.2, seed)
    homes = {group: set() for group in groups}
    for group, split in zip(groups, dataset.split.tolist(), strict=True):
        homes[group].add(split)
    assert all(len(splits) == 1 for splits in homes.values())
    if len(homes) >= 3:
        assert set(dataset.split.tolist()) == {"train", "val", "test"}


def test_many_small_groups_reach_the_fractions_in_every_class() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 200, 1000)
    targets = (rng.random(1000) < 0.2).astype(int)
    dataset = assign_splits(dataset_of(targets, groups=groups), 0.15, 0.15, 0)
    for split in ("val", "test"):
        inside = targets[dataset.indices(split)]
        assert len(inside) == pytest.approx(150, abs=5)
        assert inside.mean() == pytest.approx(targets.mean(), abs=0.02)


def test_stated_splits_are_kept() -> None:
    stated = np.array(["train"] * 60 + ["test"] * 20 + ["hand_test"] * 20)
    dataset = assign_splits(dataset_of([0, 1] * 50, stated), 0.25, 0.5, 0)
    assert counts_of(dataset) == {"train": 45, "val": 15, "test": 20, "hand_test": 20}
    assert (dataset.split[60:] == stated[60:]).all()


def test_no_test_split_is_drawn_beside_stated_splits() -> None:
    assert counts_of(assign_splits(dataset_of([0, 1] * 50, "train"), 0.2, 0.2, 0)) == {
        "train": 80,
        "val": 20,
    }
    stated = ["train"] * 70 + ["val"] * 30
    dataset = assign_splits(dataset_of([0, 1] * 50, stated), 0.2, 0.2, 0)
    assert dataset.split.tolist() == stated


def test_unstated_images_join_train_beside_stated_ones() -> None:
    stated = ["val"] * 10 + [""] * 10
    assert (
        assign_splits(dataset_of([0, 1] * 10, stated), 0.2, 0.2, 0).split.tolist()
        == ["val"] * 10 + ["train"] * 10
    )


def test_no_test_without_a_fraction() -> None:
    assert counts_of(assign_splits(dataset_of([0, 1] * 50), 0.2, 0.0, 0)) == {
        "train": 80,
        "val": 20,
    }


@pytest.mark.parametrize(
    ("targets", "split", "message"),
    [
        ([0, 1], ["train", "train"], "No image is in val"),
        ([0, 1], ["val", "test"], "No image is in train, only in val, test"),
        ([0, 1, 0], ["train", "train", "val"], r"c1 has no image in val \(1 c0, 0 c1\)"),
        ([0, 1, 0], ["val", "val", "train"], r"c1 has no image in train \(1 c0, 0 c1\)"),
    ],
)
def test_unusable_splits_are_refused(targets: list[int], split: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_splits(dataset_of(targets, split))


def test_a_class_missing_from_test_gives_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    split = ["train", "train", "val", "val", "test"]
    with caplog.at_level(logging.WARNING, "astroclf"):
        check_splits(dataset_of([0, 1, 0, 1, 1], split))
    assert [record.getMessage() for record in caplog.records] == [
        "Class c0 has no image in test (0 c0, 1 c1)."
    ]


@pytest.mark.parametrize("grouped", [False, True])
def test_the_split_is_written_with_targets_and_groups(tmp_path: Path, grouped: bool) -> None:
    groups = ["f, 1", "f2", "f2"] if grouped else None
    dataset = dataset_of([1, 0, 1], ["train", "val", "hand_test"], groups)
    write_split(dataset, tmp_path / "split.csv")
    with (tmp_path / "split.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[0] == {"id": "id0", "split": "train", "target": "c1"} | (
        {"group": "f, 1"} if grouped else {}
    )
    assert [row["split"] for row in rows] == ["train", "val", "hand_test"]
    assert [file.name for file in tmp_path.iterdir()] == ["split.csv"]
