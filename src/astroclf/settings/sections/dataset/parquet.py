"""Images in a column of Parquet or Arrow files."""

from __future__ import annotations

from typing import ClassVar, Literal

from astroclf.settings.sections.dataset.image_rows import ImageRowsFile
from astroclf.settings.sections.section import Text


class Parquet(ImageRowsFile):
    FILE: ClassVar[str] = "the Parquet or Arrow file with the images, or the folder of its parts"
    name: Literal["parquet"]
    image_column: Text
