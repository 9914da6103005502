"""Crops: the square of an image that shows its object."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

import cv2
import numpy as np
from pydantic import Field

from astroclf.data.formats import BadImage, Header

BOTTOM_UP = 4  # orientation of FITS images, whose rows are numbered from the lowest one
SEP_LOCK = threading.Lock()  # SEP keeps its state in global variables


@dataclass(frozen=True)
class Square:
    """Square of pixels, which may reach beyond the image. top, left: of its first pixel."""

    top: int
    left: int
    side_px: int

    def cut(self, picture: np.ndarray) -> np.ndarray:
        """Return the square of a (C, H, W) image; pixels outside of it are NaN, and the dtype then float32."""
        height_px, width_px = picture.shape[1:]
        bottom, right = self.top + self.side_px, self.left + self.side_px
        if min(self.top, self.left) >= 0 and bottom <= height_px and right <= width_px:
            return picture[:, self.top : bottom, self.left : right]
        square = np.full((len(picture), self.side_px, self.side_px), np.nan, np.float32)
        top, left = max(self.top, 0), max(self.left, 0)
        inside = picture[:, top : max(bottom, 0), left : max(right, 0)]
        first, start = top - self.top, left - self.left
        square[:, first : first + inside.shape[1], start : start + inside.shape[2]] = inside
        return square

    def around(self, picture: np.ndarray) -> np.ndarray:
        """Return the pixels of the image within twice the width of the square, of which the sky is estimated."""
        margin = self.side_px // 2
        top, left = max(self.top - margin, 0), max(self.left - margin, 0)
        bottom, right = self.top + self.side_px + margin, self.left + self.side_px + margin
        return picture[:, top : max(bottom, 0), left : max(right, 0)]


def central_square(picture: np.ndarray, side_px: int | None) -> Square:
    """Return the central square, the largest one for None. Raise BadImage if the image is smaller."""
    height_px, width_px = picture.shape[1:]
    if side_px is not None and min(height_px, width_px) < side_px:
        raise BadImage(f"{width_px} x {height_px} px, smaller than the crop of {side_px}")
    side_px = side_px or min(height_px, width_px)
    return Square((height_px - side_px) // 2, (width_px - side_px) // 2, side_px)


@dataclass(frozen=True)
class RoiCrop:
    """Bounding square of the largest connected region above a threshold, widened by a margin.

    The published crop of Galaxy Zoo images has threshold 10 and margin 0.2 of 8-bit gray levels.

    threshold: a value of the mean of the bands; for segmentation by SEP a multiple of the noise of the
    sky. margin: the square is this fraction wider than the region.
    """

    threshold: Annotated[float, Field(ge=0)]
    margin: Annotated[float, Field(ge=0)]
    method: Literal["threshold", "sep"] = "threshold"
    kind: Literal["roi"] = "roi"

    def __str__(self) -> str:
        unit = " sigma" if self.method == "sep" else ""
        return f"the largest region above {self.threshold:g}{unit} and {100 * self.margin:g} % more"

    def square(self, picture: np.ndarray) -> Square:
        """Return the square, within the image and at most as wide. Raise BadImage if there is no region."""
        gray = picture.mean(axis=0, dtype=np.float32)
        find = _largest_segment if self.method == "sep" else _largest_region
        box = find(gray, self.threshold)
        if box is None:
            raise BadImage(f"no region above dataset.roi_threshold={self.threshold:g}")
        top, left, height_px, width_px = box
        shape = picture.shape[1:]
        side_px = min(math.ceil(max(height_px, width_px) * (1 + self.margin)), *shape)
        first = [
            min(max(start + (length - side_px) // 2, 0), limit - side_px)
            for start, length, limit in zip((top, left), (height_px, width_px), shape, strict=True)
        ]
        return Square(first[0], first[1], side_px)


class Place(NamedTuple):
    """Position of an object in the columns of a table (x and y, or degrees), and its size there."""

    first: float
    second: float
    size: float | None


@dataclass(frozen=True)
class CatalogCrop:
    """Square around the position of a table; parts of it outside of the image are invalid pixels.

    position: names of two columns, x and y in pixels, or right ascension and declination in degrees.
    unit: of the position. origin: number of the first pixel, 1 in FITS, SExtractor and DS9, 0 in NumPy;
    rows of FITS images are numbered from the lowest one. size: name of the column of the object's size,
    in pixels or for positions on the sky in arcsec; None for `crop_px`. factor: width of the square in
    units of that size.
    """

    position: tuple[str, str]
    unit: Literal["pixel", "degree"]
    origin: Literal[0, 1] = 1
    size: str | None = None
    factor: Annotated[float, Field(gt=0)] = 1.0
    kind: Literal["catalog"] = "catalog"

    def __str__(self) -> str:
        return f"the square around {' and '.join(self.position)} of the table"

    @property
    def columns(self) -> tuple[str, ...]:
        return self.position if self.size is None else (*self.position, self.size)

    def square(
        self, header: Header, picture: np.ndarray, place: Place | None, crop_px: int | None
    ) -> Square:
        """Return the square. Raise BadImage without a position within the image, or without a size."""
        if place is None:
            raise BadImage(f"no position: give a table with the columns {', '.join(self.columns)}")
        x, y, scale_arcsec = self._pixel(header, place)
        height_px, width_px = picture.shape[1:]
        if not (-0.5 <= x <= width_px - 0.5 and -0.5 <= y <= height_px - 0.5):
            raise BadImage(
                f"the position {place.first:g}, {place.second:g} is outside of the image"
            )
        if header.orientation == BOTTOM_UP:
            y = height_px - 1 - y
        side_px = crop_px or 0
        if place.size is not None:
            side_px = math.ceil(place.size * self.factor / scale_arcsec)
            if not 1 <= side_px <= 2 * max(height_px, width_px):
                raise BadImage(f"a size of {place.size:g}, which is {side_px} px")
        top, left = (math.floor(center - side_px / 2 + 1) for center in (y, x))
        return Square(top, left, side_px)

    def place(self, cells: Sequence[str]) -> Place:
        """Return the position in the cells of `columns`. Raise BadImage for cells that are no numbers."""
        numbers = []
        for name, cell in zip(self.columns, cells, strict=True):
            try:
                numbers.append(float(cell))
            except ValueError:
                numbers.append(math.nan)
            if not math.isfinite(numbers[-1]):
                raise BadImage(f"column {name} holds {cell or 'an empty cell'}, not a number")
        return Place(numbers[0], numbers[1], numbers[2] if self.size is not None else None)

    def _pixel(self, header: Header, place: Place) -> tuple[float, float, float]:
        """Return x and y from 0, as numbered in the file, and the size of a pixel in units of sizes."""
        if self.unit == "pixel":
            return place.first - self.origin, place.second - self.origin, 1.0
        if header.grid is None:
            raise BadImage("no celestial WCS in its header: give the columns of x and y instead")
        x, y = header.grid.pixel_of(place.first, place.second)
        if not (math.isfinite(x) and math.isfinite(y)):
            raise BadImage(f"its WCS gives no pixel for {place.first:g}, {place.second:g}")
        return x, y, header.grid.scale_arcsec if place.size is not None else 1.0


Crop = RoiCrop | CatalogCrop


def _largest_region(gray: np.ndarray, threshold: float) -> tuple[int, int, int, int] | None:
    """Return top, left, height and width of the largest region, connected over edges and corners."""
    above = (gray > threshold).astype(np.uint8)  # NaN is not above
    _, _, boxes, _ = cv2.connectedComponentsWithStats(above, connectivity=8)
    if len(boxes) < 2:  # the first one is the background
        return None
    largest = boxes[1 + int(boxes[1:, cv2.CC_STAT_AREA].argmax())]
    left, top, width_px, height_px = (int(value) for value in largest[:4])
    return top, left, height_px, width_px


def _largest_segment(gray: np.ndarray, threshold: float) -> tuple[int, int, int, int] | None:
    """Return the box of the object of most pixels that SEP detects above so many sigma of the sky."""
    try:
        import sep
    except ImportError as error:
        raise BadImage(
            "dataset.roi_method=sep, for which SEP is needed: pip install 'astroclf[fits]'"
        ) from error
    valid = np.isfinite(gray)
    flux = np.ascontiguousarray(np.where(valid, gray, 0), np.float32)
    with SEP_LOCK:
        sky = sep.Background(flux, mask=~valid)
        if not sky.globalrms > 0:
            return None
        found = sep.extract(flux - sky, threshold, err=sky.globalrms, mask=~valid)
    if not len(found):
        return None
    largest = found[found["npix"].argmax()]
    top, left = int(largest["ymin"]), int(largest["xmin"])
    return top, left, int(largest["ymax"]) - top + 1, int(largest["xmax"]) - left + 1
