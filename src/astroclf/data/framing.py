"""Framing: the way from an image file to an array of the data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from pydantic import Field

from astroclf.data.bands import Bands, MissingBand, decode_image, is_converted
from astroclf.data.crops import CatalogCrop, Crop, Place, RoiCrop, Square, central_square
from astroclf.data.file_pattern import FilePattern
from astroclf.data.formats import (
    MAX_MEGAPIXELS,
    BadImage,
    Depth,
    Header,
    ImageFile,
    decode,
    decode_bytes,
)
from astroclf.data.invalid_pixels import replace_invalid
from astroclf.data.pixels import Stretch
from astroclf.data.sky import SkyMethod, sky_levels

MAX_16_BIT = 65535.0
OPENCV_CHANNELS = 4  # that OpenCV resizes at a time, at most

Count = Annotated[int, Field(ge=1)]
HduName = Annotated[int, Field(ge=0)] | str


@dataclass(frozen=True, eq=False)
class Framed:
    """A prepared image.

    image: (C, image_px, image_px) uint8 or float32. invalid_share: fraction of the pixels of the
    crop, over all bands, that were invalid and have been replaced by the sky.
    """

    image: np.ndarray
    invalid_share: float


@dataclass(frozen=True)
class Framing:
    """Preparation of image files: decode, check, crop, replace invalid pixels, subtract the sky, resize.

    A source makes the value from its settings and the headers of its files; the data set and the
    bundle keep it, so that new files are prepared as the training images were.

    bands: names of the channels of the array.
    depth: of the values that a file must have; None accepts any.
    stretch: how the values encode flux (see `data.stretch`).
    crop_px: width of the central square that is cut out; None cuts the largest one.
    image_px: width after resizing.
    hdu: number or name of the FITS extension, or several whose planes are the bands; None takes the
        first image of a file.
    max_megapixels: larger files are refused before memory is allocated for them.
    sky: estimate of the sky level that is subtracted from each band (see `data.sky`).
    planes: names of the bands in the files, where they have other ones.
    missing_band: treatment of an image that lacks a band (see `data.bands`).
    pattern: of the names of files with one band each (see `data.file_pattern`).
    image_columns: of the paths in a table, one per band.
    crop: square around the object (see `data.crops`); None cuts the central square.
    """

    bands: tuple[str, ...]
    depth: Depth | None
    stretch: Stretch
    crop_px: Count | None
    image_px: Count
    hdu: HduName | tuple[HduName, ...] | None = None
    max_megapixels: Annotated[float, Field(gt=0)] = MAX_MEGAPIXELS
    sky: SkyMethod = "none"
    planes: tuple[str, ...] | None = None
    missing_band: MissingBand = "refuse"
    pattern: str | None = None
    image_columns: tuple[str, ...] | None = None
    crop: Annotated[Crop, Field(discriminator="kind")] | None = None

    @property
    def choice(self) -> Bands | None:
        """Bands that are chosen by name; None where any are converted to gray or RGB."""
        if is_converted(self.bands):
            return None
        return Bands(self.bands, self.planes or self.bands, self.missing_band)

    @property
    def dtype(self) -> np.dtype:
        """Type of the values of the array: uint8, or float32 for more than 8 bits."""
        return np.dtype(np.uint8 if self.depth == "8-bit" else np.float32)

    @property
    def file_pattern(self) -> FilePattern | None:
        """Pattern of the names of files with one band each; None where a file is a whole image."""
        return None if self.pattern is None else FilePattern(self.pattern, self.bands)

    def read(
        self, files: ImageFile | Sequence[ImageFile | None], place: Place | None = None
    ) -> np.ndarray:
        """Return a file, or one file per band, as (C, image_px, image_px) uint8 or float32.

        place: position of the object, for a crop around it.

        Raise BadImage for a file that is unreadable, of another depth, smaller than the crop, or with
        mostly invalid pixels, and for bands that are missing or do not fit each other.
        """
        return self.prepare(files, place).image

    def read_bytes(self, content: bytes) -> np.ndarray:
        """Return the content of a file as `read` returns the file."""
        return self.prepare_bytes(content).image

    def prepare(
        self, files: ImageFile | Sequence[ImageFile | None], place: Place | None = None
    ) -> Framed:
        """Return what `read` returns, with its share of invalid pixels."""
        each = files if isinstance(files, Sequence) else (files,)

        def decode_one(file: ImageFile) -> tuple[Header, np.ndarray]:
            return decode(file, self.max_megapixels, self.hdu)

        return self._prepared(*decode_image(each, self.choice, decode_one), place)

    def prepare_bytes(self, content: bytes) -> Framed:
        """Return the content of a file as `prepare` returns the file."""
        return self.prepare_planes(*decode_bytes(content, self.max_megapixels, self.hdu))

    def prepare_planes(self, header: Header, planes: np.ndarray) -> Framed:
        """Return all planes (C, H, W) of an image as `prepare` returns a file."""
        if self.choice is not None:
            planes = self.choice.choose(header.bands, planes)
        return self._prepared(header, planes)

    def fit(self, picture: np.ndarray) -> np.ndarray:
        """Return a decoded (C, H, W) picture as `read` returns a file."""
        return self.prepare_array(picture).image

    def prepare_array(self, picture: np.ndarray) -> Framed:
        """Return a decoded (C, H, W) picture as `prepare` returns a file."""
        return self._framed(picture, self._square(picture))

    def leaves_unchanged(self, pictures: np.ndarray) -> bool:
        """Return whether `fit` returns each of (N, C, H, W) pictures as it is."""
        size = (len(self.bands), self.image_px, self.image_px)
        if pictures.shape[1:] != size or self.crop_px not in (None, self.image_px) or self.crop:
            return False
        return pictures.dtype.kind != "f" or (
            self.sky == "none" and bool(np.isfinite(pictures).all())
        )

    def _prepared(self, header: Header, picture: np.ndarray, place: Place | None = None) -> Framed:
        if self.depth not in (None, header.depth):
            raise BadImage(f"{header.depth} values, not {self.depth}")
        if isinstance(self.crop, CatalogCrop):
            square = self.crop.square(header, picture, place, self.crop_px)
        else:
            square = self._square(picture)
        return self._framed(picture, square)

    def _square(self, picture: np.ndarray) -> Square:
        if isinstance(self.crop, RoiCrop):
            return self.crop.square(picture)
        if isinstance(self.crop, CatalogCrop):
            raise BadImage("an array has no position in a table to cut a square around")
        return central_square(picture, self.crop_px)

    def _framed(self, picture: np.ndarray, square: Square) -> Framed:
        """Return a square of a (C, H, W) picture as (bands, image_px, image_px), of the same dtype.

        Resizing is by area when it shrinks, and by cubic interpolation, clipped to the range of the
        file's values, when it grows. One band is repeated for several, and several are averaged for
        one. Raise BadImage for any other number of bands.
        """
        cut, share = square.cut(picture), 0.0
        if cut.dtype.kind == "f":
            cut, share = self._calibrated(cut, square.around(picture))
            if picture.dtype == np.uint8:  # it reached beyond the image
                cut = np.rint(cut).astype(np.uint8)
        image = _with_channels(cut, len(self.bands))
        if self.image_px != square.side_px:
            image = _resized(image, self.image_px)
            if image.dtype == np.float32 and self.depth != "float" and self.sky == "none":
                # Cubic interpolation overshoots; OpenCV clips uint8 itself.
                image = image.clip(0.0, MAX_16_BIT)
        return Framed(image, share)

    def _calibrated(self, square: np.ndarray, around: np.ndarray) -> tuple[np.ndarray, float]:
        """Return flux without invalid pixels and sky, and the share of the former.

        around: pixels of which the sky is estimated.
        """
        if self.sky == "none" and np.isfinite(square).all():
            return square, 0.0
        levels = sky_levels(around, "sigma_clip" if self.sky == "none" else self.sky)
        square, share = replace_invalid(square, levels, self.bands)
        return (square if self.sky == "none" else square - levels[:, None, None]), share


def _with_channels(square: np.ndarray, channels: int) -> np.ndarray:
    if len(square) == channels:
        return square
    if channels == 1:
        mean = square.mean(axis=0, dtype=np.float32, keepdims=True)
        return mean if square.dtype == np.float32 else np.rint(mean).astype(np.uint8)
    if len(square) == 1:
        return np.repeat(square, channels, axis=0)
    raise BadImage(f"{len(square)} bands, not {channels}")


def _resized(square: np.ndarray, image_px: int) -> np.ndarray:
    method = cv2.INTER_AREA if image_px < square.shape[-1] else cv2.INTER_CUBIC
    parts = []
    for first in range(0, len(square), OPENCV_CHANNELS):
        pixels = np.ascontiguousarray(square[first : first + OPENCV_CHANNELS].transpose(1, 2, 0))
        part = cv2.resize(pixels, (image_px, image_px), interpolation=method)
        parts.append(part.reshape(image_px, image_px, -1).transpose(2, 0, 1))
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
