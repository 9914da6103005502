from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from astroclf.data.audit.leaks import find_leaks
from astroclf.data.dataset import ImageDataset
from astroclf.data.folds import assign_folds
from astroclf.data.groups import dependent_groups, draw_groups
from astroclf.data.pixels import Pixels
from astroclf.data.splits import assign_splits

FRACTIONS = {"train": 0.7, "val": 0.15, "test": 0.15}


def dataset_of(n: int, groups: list[str] | None = None) -> ImageDataset:
    """Images of noise, alternately of two classes, far from each other on the sky."""
    rng = np.random.default_rng(0)
    return ImageDataset(
        images=rng.integers(0, 256, (n, 1, 8, 8), dtype=np.uint8),
        targets=np.arange(n) % 2,
        ids=np.array([f"id{i}" for i in range(n)]),
        classes=("a", "b"),
        split=np.full(n, ""),
        pixels=Pixels(("gray",), 0.4, "asinh"),
        groups=None if groups is None else np.array(groups),
        sky_deg=np.column_stack([np.arange(n) * 0.1, np.zeros(n)]),
        neighbor_arcsec=5.0,
    )


def copies_of(dataset: ImageDataset, pairs: list[tuple[int, int]]) -> ImageDataset:
    images = dataset.images.copy()
    for original, copy in pairs:
        images[copy] = images[original]
    return replace(dataset, images=images)


def test_independent_images_have_no_groups() -> None:
    assert dependent_groups(dataset_of(6), np.full(6, "")) is None


def test_chains_of_copies_neighbors_and_source_groups_are_one_group() -> None:
    dataset = copies_of(dataset_of(8, list("aabbcdef")), [(1, 4)])
    sky_deg = dataset.sky_deg.copy()
    sky_deg[5] = sky_deg[4] + np.array([2 / 3600, 0])
    groups = dependent_groups(replace(dataset, sky_deg=sky_deg), dataset.split)
    assert groups.tolist() == ["a", "a", "b", "b", "a", "a", "e", "f"]
    alone = dependent_groups(replace(dataset, sky_deg=sky_deg, groups=None), dataset.split)
    assert [alone[1] == name for name in alone] == [i in (1, 4, 5) for i in range(8)]


def test_blank_images_are_not_connected() -> None:
    dataset = dataset_of(4)
    blank = replace(dataset, images=np.zeros_like(dataset.images))
    assert dependent_groups(blank, blank.split) is None


def test_a_stated_split_has_groups_within_its_splits() -> None:
    """Copies and neighbors are dependent for intervals; only groups of the source connect splits."""
    dataset = copies_of(dataset_of(10), [(0, 1), (2, 5), (6, 8)])
    sky_deg = dataset.sky_deg.copy()
    sky_deg[9] = sky_deg[8] + np.array([2 / 3600, 0])
    split = np.array(["train"] * 4 + ["val"] * 6)
    stated = replace(dataset, sky_deg=sky_deg, split=split)
    groups = assign_splits(stated, 0.2, 0.2, 0).groups
    members = [sorted(np.flatnonzero(groups == name).tolist()) for name in sorted(set(groups))]
    assert sorted(each for each in members if len(each) > 1) == [[0, 1], [6, 8, 9]]
    folds = assign_folds(assign_splits(stated, 0.2, 0.2, 0), 2, 0)
    assert folds.groups[2] == folds.groups[5]
    assert folds.split[2] == folds.split[5]


def test_a_leaking_pair_in_stated_splits_leaves_its_group_alone() -> None:
    dataset = copies_of(dataset_of(8, list("aabbccdd")), [(1, 4)])
    stated = replace(dataset, split=np.array(["train"] * 4 + ["val"] * 4))
    leaks = find_leaks(assign_splits(stated, 0.2, 0.2, 0))
    assert [(leak.what, leak.ids) for leak in leaks] == [("pixels", ("id1", "id4"))]


@pytest.mark.parametrize("seed", range(3))
def test_copies_and_neighbors_stay_together_in_splits_and_folds(seed: int) -> None:
    dataset = copies_of(dataset_of(60), [(i, i + 30) for i in range(0, 30, 2)])
    sky_deg = dataset.sky_deg.copy()
    sky_deg[31::2] = sky_deg[1:30:2] + np.array([0, 3 / 3600])
    dataset = replace(dataset, sky_deg=sky_deg)
    for drawn in (
        assign_splits(dataset, 0.2, 0.2, seed),
        assign_folds(assign_splits(dataset, 0.2, 0, seed), 4, seed),
    ):
        assert (drawn.split[:30] == drawn.split[30:]).all()
        assert len(set(drawn.groups.tolist())) == 30
        assert find_leaks(drawn) == ()


def test_a_chain_of_neighbors_across_splits_is_reported_once() -> None:
    dataset = dataset_of(4, ["near", "near", "x", "x"])
    sky_deg = dataset.sky_deg.copy()
    sky_deg[1] = sky_deg[0] + np.array([0, 3 / 3600])
    torn = replace(dataset, sky_deg=sky_deg, split=np.array(["train", "val", "train", "test"]))
    assert [(leak.what, leak.ids) for leak in find_leaks(torn)] == [
        ("group", ("id2", "id3")),
        ("sky", ("id0", "id1")),
    ]


def test_large_groups_are_drawn_into_every_split() -> None:
    """Large groups are drawn in proportion to the splits, which are balanced in size and classes."""
    rng = np.random.default_rng(0)
    sizes = np.concatenate([[300, 200, 150, 120, 100, 80], rng.integers(1, 12, 180)])
    groups = np.repeat(np.arange(len(sizes)), sizes)
    strata = rng.integers(0, 2, len(groups))
    homes: Counter[str] = Counter()
    for seed in range(40):
        split = draw_groups(groups.astype(str), strata, FRACTIONS, np.random.default_rng(seed))
        homes.update(split[np.searchsorted(groups, range(6))])
        for name, fraction in FRACTIONS.items():
            assert np.mean(split == name) == pytest.approx(fraction, abs=0.01)
            assert np.mean(strata[split == name]) == pytest.approx(strata.mean(), abs=0.02)
    for name, fraction in FRACTIONS.items():
        assert homes[name] / homes.total() == pytest.approx(fraction, abs=0.08)
