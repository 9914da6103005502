"""Cross-validation folds: every image is once in test, once in val, and otherwise in train."""

from __future__ import annotations

import numpy as np

from astroclf.data.dataset import TEST, TRAIN, UNASSIGNED, VAL, ImageDataset
from astroclf.data.groups import dependent_groups, draw_groups
from astroclf.errors import UserError


def fold_names(folds: int) -> list[str]:
    return [f"fold-{number}" for number in range(folds)]


def assign_folds(dataset: ImageDataset, folds: int, seed: int) -> ImageDataset:
    """Return the data set with each image of train and val in one of the splits `fold-0`, `fold-1`, ...

    Images of any other split are kept there. Folds differ by one image at most, in all and in each
    class (in the answers with most votes). Groups of dependent images (`groups.dependent_groups`) are
    kept in one fold, and folds are as similar as that allows. A draw depends only on the order of the
    images, their classes, the number of folds and the seed.

    Raise UserError if there are fewer images or groups than folds, or if a fold lacks a class.
    """
    in_pool = np.isin(dataset.split, (TRAIN, VAL))
    linked = dependent_groups(dataset, np.where(in_pool, TRAIN, dataset.split))
    if linked is not None:
        dataset = dataset.with_groups(linked)
    pool = np.flatnonzero(in_pool)
    strata = dataset.leading[pool]
    groups = None if dataset.groups is None else dataset.groups[pool]
    _require_enough(folds, len(pool), groups)
    rng = np.random.default_rng(seed)
    if groups is None:
        drawn = _draw_folds(strata, folds, rng)
    else:
        drawn = draw_groups(groups, strata, dict.fromkeys(fold_names(folds), 1 / folds), rng)
    _require_every_class(dataset.exclusive_classes, strata, drawn, folds, groups)
    split = dataset.split.astype(object)
    split[pool] = drawn
    return dataset.with_split(split.astype(str))


def select_fold(dataset: ImageDataset, fold: int, folds: int) -> ImageDataset:
    """Return the data set of one training: one fold is test, the next one val, and all others train.

    dataset: of `assign_folds`. Its images outside of the folds are in no split.
    """
    names = fold_names(folds)
    roles = dict.fromkeys(names, TRAIN)
    roles[names[fold]], roles[names[(fold + 1) % folds]] = TEST, VAL
    return dataset.with_split(
        np.array([roles.get(name, UNASSIGNED) for name in dataset.split.tolist()])
    )


def _draw_folds(strata: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """Return the fold of each image, (n,) object: shuffled images, class by class, in turn to each fold."""
    shuffled = rng.permutation(len(strata))
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    fold = np.empty(len(strata), int)
    fold[order] = np.arange(len(strata)) % folds
    return np.array(fold_names(folds), object)[fold]


def _require_enough(folds: int, n_images: int, groups: np.ndarray | None) -> None:
    if n_images < folds:
        raise UserError(
            f"folds={folds}: there are only {n_images:,} images outside of test. Choose fewer folds."
        )
    if groups is not None and len(np.unique(groups)) < folds:
        raise UserError(
            f"folds={folds}: there are only {len(np.unique(groups)):,} groups of dependent images. Choose fewer folds."
        )


def _require_every_class(
    classes: tuple[str, ...],
    strata: np.ndarray,
    drawn: np.ndarray,
    folds: int,
    groups: np.ndarray | None,
) -> None:
    for index, name in enumerate(classes):
        members = strata == index
        missing = sorted(set(fold_names(folds)) - set(drawn[members]))
        if not missing:
            continue
        images = f"{members.sum():,} images"
        if groups is not None:
            images += f" in {len(np.unique(groups[members])):,} groups of dependent images"
        raise UserError(
            f"folds={folds}: class {name} has {images}, and none is left for {missing[0]}. Choose fewer folds, "
            "add images of it, or remove it."
        )
