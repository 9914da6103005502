"""Where images come from: each source is a module with `load(settings) -> ImageDataset`."""

from __future__ import annotations

import hashlib
import importlib
import logging
from pathlib import Path

from astroclf.data.dataset import ImageDataset
from astroclf.data.splits import assign, check_splits
from astroclf.data.store import cached_dataset
from astroclf.settings import sections
from astroclf.status import status

FILE_SOURCES: dict[type[sections.Section], str] = {
    sections.ImageFolder: "image_folder",
    sections.Catalog: "catalog",
}
log = logging.getLogger(__name__)

SIMULATED_VERSION = 1  # raised whenever the same settings give other images than before


@status("loading the data")
def load_dataset(settings: sections.Dataset) -> ImageDataset:
    """Images from the source that the settings choose, each in a split.

    The images are a read-only memory map of the file in `settings.cache`.

    Raises UserError as the source, and if train or val lacks a class.
    """
    if isinstance(settings, sections.Simulated):
        dataset = _load_simulated(settings)
    else:
        module = importlib.import_module(f"{__name__}.{FILE_SOURCES[type(settings)]}")
        dataset = module.load(settings)
    dataset = assign(dataset, settings.val_fraction, settings.test_fraction, settings.split_seed)
    check_splits(dataset)
    return dataset


def _load_simulated(settings: sections.Simulated) -> ImageDataset:
    of_the_split = {"cache", "val_fraction", "test_fraction", "split_seed"}
    drawn = (SIMULATED_VERSION, settings.model_dump_json(exclude=of_the_split))
    key = hashlib.blake2b(str(drawn).encode(), digest_size=10).hexdigest()

    def draw() -> ImageDataset:
        log.info("simulating %s images of %d px", f"{settings.n_images:,}", settings.image_px)
        from astroclf.data.sources import simulated

        return simulated.load(settings)

    return cached_dataset(Path(settings.cache), f"simulated-{key}", draw)
