from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astroclf.data.audit.leaks import find_leaks
from astroclf.data.audit.moves import move_leaks
from astroclf.data.dataset import ImageDataset
from astroclf.data.folds import assign_folds
from astroclf.data.pixels import Pixels
from astroclf.data.splits import assign_splits

NOISE = np.random.default_rng(0).integers(0, 256, (60, 1, 32, 32), dtype=np.uint8)


def dataset_of(
    split: list[str], groups: list[str] | None = None, classes: list[int] | None = None
) -> ImageDataset:
    """Images of noise, of class a unless other classes are given."""
    n = len(split)
    return ImageDataset(
        images=NOISE[:n].copy(),
        targets=np.array(classes or [0] * n),
        ids=np.array([f"id{i}" for i in range(n)]),
        classes=("a", "b"),
        split=np.array(split),
        pixels=Pixels(("gray",), None, "asinh"),
        groups=None if groups is None else np.array(groups),
    )


def with_copies(dataset: ImageDataset, pairs: list[tuple[int, int]]) -> ImageDataset:
    images = dataset.images.copy()
    for original, copy in pairs:
        images[copy] = np.rot90(images[original], 1, (1, 2))
    return replace(dataset, images=images)


def test_whole_groups_move_to_train() -> None:
    """A chain of copies and a group of the source move together; other images stay."""
    stated = dataset_of(
        ["train", "train", "val", "val", "test", "test", "test", ""], list("aibccdef")
    )
    leaky = with_copies(stated, [(0, 2), (4, 5)])
    assert {leak.what for leak in find_leaks(leaky)} == {"similar", "group"}
    moved = move_leaks(leaky)
    assert moved.split.tolist() == ["train"] * 3 + ["val", "val", "val", "test", ""]
    assert moved.moved_from.tolist() == ["", "", "val", "", "test", "test", "", ""]
    assert find_leaks(moved) == ()
    assert moved.groups[0] == moved.groups[2]
    assert moved.notes[-1].startswith(
        "dataset.on_leak=move: 3 images moved to the split of the images that they depend on: "
        "2 from test to val, 1 from val to train."
    )


def test_the_last_image_of_a_class_stays_in_its_split() -> None:
    """Then the group moves to the next split, or stays if every move would empty a class."""
    stated = dataset_of(
        ["train", "train", "train", "val", "test", "test"], classes=[0, 0, 1, 0, 0, 1]
    )
    to_test = move_leaks(with_copies(stated, [(0, 3)]))
    assert to_test.split.tolist() == ["val", "train", "train", "val", "test", "test"]
    stays = move_leaks(with_copies(stated, [(2, 5)]))
    assert stays.split.tolist() == stated.split.tolist()
    assert stays.moved_from is None
    assert len(find_leaks(stays)) == 1


def test_independent_images_do_not_move() -> None:
    stated = dataset_of(["train", "val", "test"])
    assert move_leaks(stated) is stated


def test_moves_are_kept_in_folds() -> None:
    split = ["train"] * 20 + ["test"] * 10
    moved = move_leaks(with_copies(dataset_of(split, classes=[0, 1] * 15), [(0, 20), (1, 23)]))
    folds = assign_folds(assign_splits(moved, 0.2, 0, 0), 4, 0)
    assert folds.split[0] == folds.split[20]
    assert np.flatnonzero(folds.moved_from == "test").tolist() == [20, 23]


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from(["train", "val", "test"]), st.integers(0, 1), st.integers(0, 9)),
        min_size=1,
        max_size=40,
    )
)
def test_no_split_loses_a_class_and_only_torn_groups_move(rows: list[tuple[str, int, int]]) -> None:
    split, classes, groups = (list(each) for each in zip(*rows, strict=True))
    stated = dataset_of(split, [str(each) for each in groups], classes)
    stated = replace(stated, images=stated.images[:, :, :8, :8])  # too small for a search
    moved = move_leaks(stated)
    before, after = (set(zip(each.split, each.targets, strict=True)) for each in (stated, moved))
    assert before <= after
    for name in set(groups):
        members = np.array(groups) == name
        kept = set(stated.split[members])
        assert set(moved.split[members]) <= kept
        assert len(set(moved.split[members])) in (1, len(kept))


@pytest.mark.parametrize("seed", range(2))
def test_near_duplicates_stay_together_in_drawn_splits_and_folds(seed: int) -> None:
    drawn = dataset_of([""] * 60, classes=[0, 1] * 30)
    copies = with_copies(drawn, [(i, i + 30) for i in range(0, 30, 2)])
    for assigned in (
        assign_splits(copies, 0.2, 0.2, seed),
        assign_folds(assign_splits(copies, 0.2, 0, seed), 4, seed),
    ):
        assert (assigned.split[:30:2] == assigned.split[30::2]).all()
        assert len(set(assigned.groups.tolist())) == 45
        assert find_leaks(assigned) == ()
