"""Framing: the way from an image file to an array of the data set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from astroclf.data.decode import decode, fit
from astroclf.data.formats.header import MAX_MEGAPIXELS, Depth
from astroclf.data.formats.kinds import BadImage
from astroclf.data.pixels import Stretch

Count = Annotated[int, Field(ge=1)]

GRAY, RGB = ("gray",), ("red", "green", "blue")


@dataclass(frozen=True)
class Framing:
    """Preparation of image files: decode, check, crop the center, resize.

    A source makes the value from its settings and the headers of its files; the data set and the
    bundle keep it, so that new files are prepared as the training images were.

    bands: names of the channels of the array.
    depth: of the values that a file must have; None accepts any.
    stretch: how the values encode flux (see `data.stretch`).
    crop_px: width of the central square that is cut out; None cuts the largest one.
    image_px: width after resizing.
    hdu: number of the FITS extension; None for formats that have none.
    max_megapixels: larger files are refused before memory is allocated for them.
    """

    bands: tuple[str, ...]
    depth: Depth | None
    stretch: Stretch
    crop_px: Count | None
    image_px: Count
    hdu: Annotated[int, Field(ge=0)] | None = None
    max_megapixels: Annotated[float, Field(gt=0)] = MAX_MEGAPIXELS

    @property
    def dtype(self) -> np.dtype:
        """Type of the values of the array: uint8, or float32 for more than 8 bits."""
        return np.dtype(np.uint8 if self.depth == "8-bit" else np.float32)

    def read(self, file: Path) -> np.ndarray:
        """Return a file as (C, image_px, image_px) uint8 or float32.

        Raise BadImage for a file that is unreadable, of another depth, or smaller than the crop.
        """
        picture = decode(file, self.max_megapixels)
        depth = "8-bit" if picture.dtype == np.uint8 else "16-bit"
        if self.depth not in (None, depth):
            raise BadImage(f"{depth} values, not {self.depth}")
        height_px, width_px = picture.shape[1:]
        if self.crop_px is not None and min(height_px, width_px) < self.crop_px:
            raise BadImage(f"{width_px} x {height_px} px, smaller than the crop of {self.crop_px}")
        return fit(picture, self.crop_px, self.image_px, len(self.bands))  # type: ignore[arg-type]
