"""Sources of images: `load_dataset` calls `load(settings) -> ImageDataset` of the module `settings.name`.

A source whose `load` demands what a training needs has a second function, `load_labeled`, that takes
any classes and splits.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from astroclf.data.dataset import ImageDataset
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
    dataset = assign_splits(
        dataset, settings.val_fraction, settings.test_fraction, settings.split_seed
    )
    check_splits(dataset)
    return dataset


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
