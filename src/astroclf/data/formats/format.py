"""Interface of a file format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Literal

import numpy as np

from astroclf.data.pixel_grid import PixelGrid

Depth = Literal["8-bit", "16-bit", "float"]
HduChoice = int | str | tuple[int | str, ...] | None  # FITS extensions by number or name

MAX_MEGAPIXELS = 100.0
GRAY: tuple[str, ...] = ("gray",)
RGB: tuple[str, ...] = ("red", "green", "blue")


def plane_name(number: int) -> str:
    """Return the name of a plane of a cube that has none; the first is number 1."""
    return f"plane {number}"


class BadImage(Exception):  # noqa: N818 - it is a finding about a file, reported with others
    """A file without a usable picture; the message is the reason in a few words."""


@dataclass(frozen=True)
class Header:
    """Size and kind of the picture that a file is decoded to.

    height_px, width_px: with the orientation applied.
    bands: names of the channels, without alpha.
    depth: of the values in the file.
    n_frames: pages, frames or exposures in the file, of which the first is used.
    orientation: of EXIF, 1 to 8, still to be applied; 4 for rows from bottom to top.
    grid: of the pixels on the sky, None if the file states none.
    """

    height_px: int
    width_px: int
    bands: tuple[str, ...]
    depth: Depth
    n_frames: int = 1
    orientation: int = 1
    grid: PixelGrid | None = None

    @property
    def channels(self) -> int:
        return len(self.bands)

    @property
    def square_px(self) -> int:
        """Width of the largest square."""
        return min(self.height_px, self.width_px)


@dataclass(frozen=True)
class Format:
    """Functions that read the files of one format, or of a family of formats.

    A module in this package that assigns one to the name FORMAT is found by `registry.formats`.

    title: for messages.
    suffixes: of file names, in lower case, with the dot.
    recognizes: returns whether a file with these first `registry.SIGNATURE_BYTES` is of the format.
    read_header: of a stream, megapixels at most, and the chosen FITS extensions (None takes the
        first image; formats without extensions ignore it). Raises BadImage; larger pictures before memory is allocated.
    decode: of the same; returns the header and the values (C, H, W), without the orientation
        applied: uint8 for 8 bits, else float32 with the values as they are.
    """

    title: str
    suffixes: tuple[str, ...]
    recognizes: Callable[[bytes], bool]
    read_header: Callable[[BinaryIO, float, HduChoice], Header]
    decode: Callable[[BinaryIO, float, HduChoice], tuple[Header, np.ndarray]]
