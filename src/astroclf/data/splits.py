"""Which images train, which choose, and which are only looked at once."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from astroclf.data.dataset import TEST, TRAIN, UNASSIGNED, VAL, ImageDataset
from astroclf.errors import UserError
from astroclf.files import write_csv

log = logging.getLogger("astroclf")


def assign(
    dataset: ImageDataset, val_fraction: float, test_fraction: float, seed: int
) -> ImageDataset:
    """The dataset with every image in a split.

    Where the source states no split at all, val and test are drawn from all images. Where it states
    some, they stay as they are: images without one join train, val is drawn from train if there is
    none, and no test is made.

    Fractions are shares of the images that are drawn from. A draw keeps the proportions of the
    classes (of the answers with most votes), has exactly the rounded number of images, and depends
    on nothing but their order, their classes, the fractions and the seed. Where there are groups,
    each stays whole, and numbers and proportions are as near as that allows.
    """
    split = dataset.split.astype(object)
    stated = set(split.tolist()) - {UNASSIGNED}
    split[split == UNASSIGNED] = TRAIN
    fractions = {} if VAL in stated else {VAL: val_fraction}
    if not stated:
        fractions[TEST] = test_fraction
    pool = np.flatnonzero(split == TRAIN)
    if not fractions or not len(pool):
        return dataset.with_split(split.astype(str))
    strata = leading_answers(dataset)
    rng = np.random.default_rng(seed)
    if dataset.groups is None:
        split[pool] = _draw_images(strata[pool], fractions, rng)
    else:
        split[pool] = draw_groups(
            dataset.groups[pool],
            strata[pool],
            {TRAIN: 1 - sum(fractions.values()), **fractions},
            rng,
        )
    return dataset.with_split(split.astype(str))


def check_splits(dataset: ImageDataset) -> None:
    """Raises UserError unless train and val are there and, for class indices, hold every class; a
    class that a further split lacks is logged as a warning."""
    for split, fraction in ((TRAIN, ""), (VAL, " (dataset.val_fraction)")):
        if not len(dataset.indices(split)):
            there = ", ".join(dataset.split_names)
            raise UserError(
                f"No image is in {split}, only in {there}: training needs {split}{fraction}."
            )
    if dataset.has_votes:
        return
    for split in dataset.split_names:
        counts = np.bincount(
            dataset.targets[dataset.indices(split)], minlength=len(dataset.classes)
        )
        named = ", ".join(f"{n:,} {c}" for c, n in zip(dataset.classes, counts, strict=True))
        absent = [c for c, n in zip(dataset.classes, counts, strict=True) if n == 0]
        if absent and split in (TRAIN, VAL):
            raise UserError(
                f"Class {absent[0]} has no image in {split} ({named}): train and val need some of every class, "
                "so add images of it, draw more (dataset.val_fraction), or take it out."
            )
        if absent:
            log.warning("Class %s has no image in %s (%s).", absent[0], split, named)


def write_split(dataset: ImageDataset, file: Path) -> None:
    """Writes a CSV with the columns id, split, target (the class, or the answer with most votes)
    and, where there are groups, group; whole or not at all."""
    columns = {
        "id": dataset.ids,
        "split": dataset.split,
        "target": np.array(dataset.classes)[leading_answers(dataset)],
    }
    if dataset.groups is not None:
        columns["group"] = dataset.groups
    write_csv(file, list(columns), zip(*columns.values(), strict=True))


def leading_answers(dataset: ImageDataset) -> np.ndarray:
    """(N,) int64: the class of each image, or the answer with most votes."""
    return dataset.targets.argmax(axis=1) if dataset.has_votes else dataset.targets


def _draw_images(
    strata: np.ndarray, fractions: dict[str, float], rng: np.random.Generator
) -> np.ndarray:
    """The split of each image, (n,) object.

    Images are shuffled, then lined up by their rank in their class over its size, so that every
    stretch of the line holds the classes in proportion; scikit-learn's stratified splits refuse
    classes of one image.
    """
    order = rng.permutation(len(strata))
    place = np.empty(len(strata))
    for stratum in np.unique(strata):
        members = order[strata[order] == stratum]
        place[members] = np.arange(len(members)) / len(members)
    line = order[np.argsort(place[order], kind="stable")]
    split = np.full(len(strata), TRAIN, object)
    start = 0
    for name, fraction in fractions.items():
        end = start + round(fraction * len(strata))
        split[line[start:end]] = name
        start = end
    return split


def draw_groups(
    groups: np.ndarray,
    strata: np.ndarray,
    fractions: dict[str, float],
    rng: np.random.Generator,
) -> np.ndarray:
    """The split of each image, (n,) object, with groups whole.

    fractions: of all splits, so that they sum to 1; the first one gives to those that stay empty.

    From the largest to the smallest, in random order where they are alike, each group goes where
    its images are lacking most, by class and in all.
    """
    names = [name for name, fraction in fractions.items() if fraction > 0]
    _, group = np.unique(groups, return_inverse=True)
    _, stratum = np.unique(strata, return_inverse=True)
    shares = np.zeros((group.max() + 1, stratum.max() + 1))  # (groups, classes)
    np.add.at(shares, (group, stratum), 1 / np.bincount(stratum)[stratum])
    shares = np.hstack([shares, np.bincount(group)[:, None] / len(group)])
    wanted = np.array([fractions[name] for name in names])
    lacking = np.repeat(wanted[:, None], shares.shape[1], axis=1)  # (splits, classes + 1)
    goes_to = np.zeros(len(shares), int)
    shuffled = rng.permutation(len(shares))
    for g in shuffled[np.argsort(-shares[shuffled, -1], kind="stable")]:
        goes_to[g] = np.argmax(lacking @ shares[g])
        lacking[goes_to[g]] -= shares[g]
    _fill_empty(goes_to, shares[:, -1], len(names))
    return np.array(names, object)[goes_to[group]]


def _fill_empty(goes_to: np.ndarray, sizes: np.ndarray, n_splits: int) -> None:
    """Where few large groups left a split without any, the smallest of the first moves there."""
    for split in range(1, n_splits):
        in_first = np.flatnonzero(goes_to == 0)
        if not (goes_to == split).any() and len(in_first) > 1:
            goes_to[in_first[np.argmin(sizes[in_first])]] = split
