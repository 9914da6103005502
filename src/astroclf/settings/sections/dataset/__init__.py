"""Sources of images: one module for each, and their union."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from astroclf.settings.sections.dataset.catalog import Catalog
from astroclf.settings.sections.dataset.custom import CustomSource
from astroclf.settings.sections.dataset.cutouts import Cutouts, Mosaics
from astroclf.settings.sections.dataset.files import Files
from astroclf.settings.sections.dataset.galaxy_zoo import GalaxyZoo
from astroclf.settings.sections.dataset.hdf5 import Hdf5
from astroclf.settings.sections.dataset.hub import Hub
from astroclf.settings.sections.dataset.image_folder import ImageFolder
from astroclf.settings.sections.dataset.image_rows import ImageRows
from astroclf.settings.sections.dataset.label_columns import LabelColumns
from astroclf.settings.sections.dataset.labeled_images import LabeledImages
from astroclf.settings.sections.dataset.labeled_table import LabeledTable
from astroclf.settings.sections.dataset.parquet import Parquet
from astroclf.settings.sections.dataset.sdss_frames import SdssFrames
from astroclf.settings.sections.dataset.simulated import Simulated
from astroclf.settings.sections.dataset.source import DatasetSection
from astroclf.settings.sections.dataset.table_labels import TableLabels

Dataset = Annotated[
    Simulated
    | ImageFolder
    | Catalog
    | GalaxyZoo
    | Cutouts
    | Hdf5
    | Parquet
    | Hub
    | SdssFrames
    | CustomSource,
    Field(discriminator="name"),
]

__all__ = [
    "Catalog",
    "CustomSource",
    "Cutouts",
    "Dataset",
    "DatasetSection",
    "Files",
    "GalaxyZoo",
    "Hdf5",
    "Hub",
    "ImageFolder",
    "ImageRows",
    "LabelColumns",
    "LabeledImages",
    "LabeledTable",
    "Mosaics",
    "Parquet",
    "SdssFrames",
    "Simulated",
    "TableLabels",
]
