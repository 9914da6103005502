"""Train, val and test splits, stratified by class and with dependent images together."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from astroclf.data.dataset import TEST, TRAIN, UNASSIGNED, VAL, ImageDataset
from astroclf.data.groups import dependent_groups, draw_groups
from astroclf.errors import UserError, listed
from astroclf.files import write_csv

log = logging.getLogger(__name__)


def assign_splits(
    dataset: ImageDataset, val_fraction: float, test_fraction: float, seed: int
) -> ImageDataset:
    """Return the data set with every image in a split.

    If the source states no split at all, val and test are drawn from all images. If it states some,
    these are kept: images without one join train, val is drawn from train if there is none, and no
    test is drawn.

    Fractions are shares of the images that are drawn from. A draw is stratified by class (by the answer
    with most votes), has exactly the rounded number of images, and depends only on their order, their
    classes, the fractions and the seed. Groups of dependent images are kept in one split, with numbers
    and proportions as close as that allows. The groups of the data set become those of
    `groups.dependent_groups`, even if nothing is drawn: intervals resample them.
    """
    split = dataset.split.astype(object)
    stated = set(split.tolist()) - {UNASSIGNED}
    split[split == UNASSIGNED] = TRAIN
    fractions = {} if VAL in stated else {VAL: val_fraction}
    if not stated:
        fractions[TEST] = test_fraction
    pool = np.flatnonzero(split == TRAIN)
    groups = dependent_groups(dataset, split)
    if groups is not None:
        dataset = dataset.with_groups(groups)
    if not fractions or not len(pool):
        return dataset.with_split(split.astype(str))
    strata = dataset.leading
    rng = np.random.default_rng(seed)
    if groups is None:
        split[pool] = _draw_images(strata[pool], fractions, rng)
    else:
        split[pool] = draw_groups(
            groups[pool],
            strata[pool],
            {TRAIN: 1 - sum(fractions.values()), **fractions},
            rng,
        )
    return dataset.with_split(split.astype(str))


def check_splits(dataset: ImageDataset) -> None:
    """Raise UserError if train or val is empty or, for class indices, lacks a class.

    A class that another split lacks is logged as a warning.
    """
    for split, fraction in ((TRAIN, ""), (VAL, " (dataset.val_fraction)")):
        if not len(dataset.indices(split)):
            raise UserError(
                f"No image is in {split}, only in {listed(dataset.split_names)}: training needs {split}{fraction}. "
                "Name the splits train, val and test."
            )
    for split in dataset.split_names:
        counts = dict(zip(dataset.exclusive_classes, dataset.class_counts(split), strict=True))
        named = listed(f"{n:,} {c}" for c, n in counts.items())
        absent = [c for c, n in counts.items() if n == 0]
        if absent and split in (TRAIN, VAL):
            raise UserError(
                f"Class {absent[0]} has no image in {split} ({named}), but train and val need images of every class. "
                "Add images of it, increase dataset.val_fraction, or remove the class."
            )
        if absent:
            log.warning("Class %s has no image in %s (%s).", absent[0], split, named)


def write_split(dataset: ImageDataset, file: Path) -> None:
    """Write a CSV with the columns id, split, target (the class, or the answer with most votes), group if
    there are groups, and moved_from if leaking images were moved."""
    columns = {
        "id": dataset.ids,
        "split": dataset.split,
        "target": np.array(dataset.classes)[dataset.leading],
    }
    if dataset.groups is not None:
        columns["group"] = dataset.groups
    if dataset.moved_from is not None:
        columns["moved_from"] = dataset.moved_from
    write_csv(file, list(columns), zip(*columns.values(), strict=True))


def _draw_images(
    strata: np.ndarray, fractions: dict[str, float], rng: np.random.Generator
) -> np.ndarray:
    """Return the split of each image, (n,) object.

    Shuffled images are sorted by their rank within their class over its size, so that every section of
    the order has the classes in proportion. scikit-learn's stratified splits refuse classes of one
    image.
    """
    order = rng.permutation(len(strata))
    rank = np.empty(len(strata))
    for stratum in np.unique(strata):
        members = order[strata[order] == stratum]
        rank[members] = np.arange(len(members)) / len(members)
    sequence = order[np.argsort(rank[order], kind="stable")]
    split = np.full(len(strata), TRAIN, object)
    start = 0
    for name, fraction in fractions.items():
        end = start + round(fraction * len(strata))
        split[sequence[start:end]] = name
        start = end
    return split
