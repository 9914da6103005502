"""Moves of leaking images (`dataset.on_leak=move`): each group of dependent images to one split."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from astroclf.data.dataset import UNASSIGNED, ImageDataset
from astroclf.data.groups import dependent_groups
from astroclf.errors import counted, listed


def move_leaks(dataset: ImageDataset) -> ImageDataset:
    """Return the data set with every group of dependent images in one split.

    A group is a connected component of copies, exact or near, neighbors on the sky and groups of the
    source, over all splits. It moves to train if one of its images is there, else to val, else to test,
    else to the first further split: evaluated splits lose images and gain none of train. Where that would
    take the last image of a class from a split, the group moves to the next of its own splits instead;
    if that holds for all of them, it stays, and its leak is reported. Groups are moved in the order of
    their first images.

    dataset: each image in a split, or "" for none. Its groups become those within the new splits.
    """
    component = dependent_groups(dataset, np.zeros(len(dataset)))
    if component is None:
        return dataset
    split = dataset.split.astype(object)
    ranks = {name: rank for rank, name in enumerate(dataset.split_names)}
    counts = _class_counts(dataset)
    for members in _torn_groups(component, dataset.split):
        for target in sorted(set(split[members].tolist()), key=ranks.__getitem__):
            moved = members[split[members] != target]
            if _move(counts, dataset.leading[moved].tolist(), split[moved].tolist(), target):
                split[moved] = target
                break
    if (split == dataset.split).all():
        return dataset
    moved_from = np.where(split == dataset.split, UNASSIGNED, dataset.split).astype(str)
    moved_set = replace(
        dataset,
        split=split.astype(str),
        moved_from=moved_from,
        notes=(*dataset.notes, _describe(dataset.split, split)),
    )
    groups = dependent_groups(moved_set, moved_set.split)
    return moved_set if groups is None else moved_set.with_groups(groups)


def _describe(before: np.ndarray, after: np.ndarray) -> str:
    """Return one sentence with the number of moved images by their former and their new split."""
    ways = Counter(zip(before.tolist(), after.tolist(), strict=True))
    moved = {(old, new): n for (old, new), n in ways.items() if old != new}
    named = listed(f"{n:,} from {old} to {new}" for (old, new), n in sorted(moved.items()))
    return (
        f"dataset.on_leak=move: {counted(sum(moved.values()), 'image')} moved to the split of the images that they "
        f"depend on: {named}. They are listed in split.csv (moved_from)."
    )


def _torn_groups(component: np.ndarray, split: np.ndarray) -> list[np.ndarray]:
    """Return the positions of each group that is in several splits, in the order of their first images."""
    inside = np.flatnonzero(split != UNASSIGNED)
    order = inside[np.argsort(component[inside], kind="stable")]
    starts = np.flatnonzero(component[order][1:] != component[order][:-1]) + 1
    torn = [each for each in np.split(order, starts) if len(set(split[each].tolist())) > 1]
    return sorted(torn, key=lambda members: int(members[0]))


def _class_counts(dataset: ImageDataset) -> dict[tuple[str, int], int]:
    """Return (split, class) -> images; of vote fractions, with the answer that has most votes."""
    counts: dict[tuple[str, int], int] = {}
    for key in zip(dataset.split.tolist(), dataset.leading.tolist(), strict=True):
        counts[key] = counts.get(key, 0) + 1
    return counts


def _move(
    counts: dict[tuple[str, int], int], classes: list[int], splits: list[str], target: str
) -> bool:
    """Move images in the counts of each split and class; return False, without a change, where a split
    would lose the last image of a class."""
    lost = list(zip(splits, classes, strict=True))
    if any(counts[key] - lost.count(key) < 1 for key in set(lost)):
        return False
    for old, kind in lost:
        counts[old, kind] -= 1
        counts[target, kind] = counts.get((target, kind), 0) + 1
    return True
