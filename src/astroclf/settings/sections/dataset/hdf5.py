"""Arrays of an HDF5 file."""

from __future__ import annotations

from typing import ClassVar, Literal

from astroclf.settings.sections.dataset.image_rows import ImageRowsFile
from astroclf.settings.sections.section import Text


class Hdf5(ImageRowsFile):
    FILE: ClassVar[str] = "the HDF5 file with the images"
    name: Literal["hdf5"]
    images_array: Text
