"""Sources of images: `load_dataset` calls `load(settings) -> ImageDataset` of the module `settings.name`."""

from __future__ import annotations

import importlib

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
    module = importlib.import_module(f"{__name__}.{settings.name}")
    dataset: ImageDataset = module.load(settings)
    dataset = assign_splits(
        dataset, settings.val_fraction, settings.test_fraction, settings.split_seed
    )
    check_splits(dataset)
    return dataset
