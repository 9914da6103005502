"""Sources of images: `load_dataset` calls `load(settings) -> ImageDataset` of the module `settings.name`.

A source whose `load` demands what a training needs has a second function, `load_labeled`, that takes
any classes and splits.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from astroclf.data.audit.moves import move_leaks
from astroclf.data.dataset import ImageDataset
from astroclf.data.duplicates.cached import cached_pictures
from astroclf.data.splits import assign_splits, check_splits
from astroclf.settings import sections
from astroclf.status import status


@status("loading the data")
def load_dataset(settings: sections.Dataset) -> ImageDataset:
    """Return the images of the source `settings.name`, each in a split.

    The images are a read-only memory map of a file in `settings.cache`.

    Raise UserError as the source does, and if train or val lacks a class.
    """
    dataset: ImageDataset = _module(settings).load(settings)
    dataset = split_images(dataset, settings)
    check_splits(dataset)
    return dataset


def split_images(dataset: ImageDataset, settings: sections.Dataset) -> ImageDataset:
    """Return the data set with every image in a split, and near-duplicates and leaks treated as the
    settings demand.

    Raise UserError if `settings.cache` cannot be read or written.
    """
    assert dataset.hashes is not None  # set in __post_init__
    pictures = cached_pictures(
        dataset.hashes, Path(settings.cache), near_duplicates=settings.near_duplicates
    )
    dataset = assign_splits(
        replace(dataset, pictures=pictures),
        settings.val_fraction,
        settings.test_fraction,
        settings.split_seed,
    )
    return move_leaks(dataset) if settings.on_leak == "move" else dataset


@status("loading the data")
def load_labeled_images(settings: sections.Dataset) -> ImageDataset:
    """Return the images of the source for an evaluation alone: of one class or several, in any splits.

    `split` is "" where the source states none.

    Raise UserError as the source does.
    """
    module = _module(settings)
    load = getattr(module, "load_labeled", module.load)
    dataset: ImageDataset = load(settings)
    return dataset


def _module(settings: sections.Dataset) -> ModuleType:
    return importlib.import_module(f"{__name__}.{settings.name}")
