"""The size and kind of a picture, read from the header of its file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Literal

from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import jpeg_factory
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from astroclf.data.formats.kinds import SIGNATURE_BYTES, BadImage, foreign_reason, format_of
from astroclf.data.formats.tiff import read_tiff_kind
from astroclf.errors import one_line

Depth = Literal["8-bit", "16-bit", "float"]

MAX_MEGAPIXELS = 100.0
DEFLATE_RATIO = 1032  # bytes that one byte of a PNG can hold at most
GREY_MODES = ("1", "L", "LA", "La")
UNSUPPORTED = re.compile("support|handle|unknown", re.IGNORECASE)  # in messages of Pillow
ORIENTATION = 0x0112  # tag of EXIF
PNG_SIZE, PNG_BITS, PNG_COLOR = 16, 24, 25  # bytes of the file
PNG_GREYS = (0, 4)  # grey without and with alpha
# Image.open would hide why a file is refused, and has a limit of pixels of its own.
READERS: dict[str, Callable[[BinaryIO], Image.Image]] = {
    "JPEG": jpeg_factory,
    "PNG": PngImageFile,
    "TIFF": TiffImageFile,
    "GIF": GifImageFile,
    "BMP": BmpImageFile,
    "WEBP": WebPImageFile,
}


@dataclass(frozen=True)
class Header:
    """The picture of a file as it is decoded.

    channels: 1 or 3; alpha is not counted. bits: 8 or 16. pages: of a TIFF, or frames of a GIF or
    WebP, of which the first is used. orientation: that of EXIF, 1 to 8, still to be applied.
    """

    height_px: int
    width_px: int
    channels: int
    bits: int
    pages: int = 1
    orientation: int = 1

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the channels."""
        return ("gray",) if self.channels == 1 else ("red", "green", "blue")

    @property
    def depth(self) -> Depth:
        """Bits of a value."""
        return "8-bit" if self.bits == 8 else "16-bit"

    @property
    def square_px(self) -> int:
        """Width of the largest square."""
        return min(self.height_px, self.width_px)


@contextmanager
def opened(stream: BinaryIO, max_megapixels: float) -> Iterator[tuple[Image.Image, Header]]:
    """Yield the picture, not decoded yet, and its header. Raise BadImage for any that is unusable.

    max_megapixels: larger pictures are refused before memory is taken for them.
    """
    start = stream.read(SIGNATURE_BYTES)
    name = format_of(start)
    if name is None:
        raise BadImage(foreign_reason(start))
    if name == "WEBP":
        _require_size(*_webp_size(stream), max_megapixels)
    tiff = read_tiff_kind(stream) if name == "TIFF" else None
    stream.seek(0)
    with _image(stream, name) as image:
        _require_size(image.width, image.height, max_megapixels)
        bits, channels = 8, 1 if image.mode in GREY_MODES else 3
        if tiff is not None:
            bits, channels = max(tiff.bits, 8), tiff.bands
        elif name == "PNG":
            bits, channels = _png_kind(stream, image, channels)
        orientation = _orientation(image)
        size_px = (image.height, image.width)
        height_px, width_px = reversed(size_px) if orientation >= 5 else size_px
        yield image, Header(height_px, width_px, channels, bits, _pages(image), orientation)


def _image(stream: BinaryIO, name: str) -> Image.Image:
    try:
        return READERS[name](stream)
    except Exception as error:  # a decoder may raise anything at all on a broken file
        detail = f" ({one_line(error, 60)})" if UNSUPPORTED.search(str(error)) else ""
        raise BadImage(f"truncated, damaged or an unsupported kind of {name}{detail}") from error


def _require_size(width_px: int, height_px: int, max_megapixels: float) -> None:
    if width_px * height_px > max_megapixels * 1e6:
        raise BadImage(
            f"{width_px} x {height_px} px: over the limit of {max_megapixels:g} megapixels, "
            "cut it first or raise max_megapixels"
        )


def _png_kind(stream: BinaryIO, image: Image.Image, channels: int) -> tuple[int, int]:
    """Return bits, 8 or 16, and channels: Pillow has one mode for 16-bit and 8-bit RGB."""
    position = stream.tell()
    stream.seek(0)
    start = stream.read(PNG_COLOR + 1)
    size = stream.seek(0, 2)
    stream.seek(position)
    bits, color = start[PNG_BITS], start[PNG_COLOR]
    if image.width * image.height * bits / 8 > DEFLATE_RATIO * size:
        raise BadImage("truncated")
    return (16, 1 if color in PNG_GREYS else 3) if bits == 16 else (8, channels)


def _webp_size(stream: BinaryIO) -> tuple[int, int]:
    """Return width and height, which Pillow reads only after allocating memory for them."""
    stream.seek(12)
    start = stream.read(18)
    kind, body = start[:4], start[8:]
    if kind == b"VP8X":
        values = (int.from_bytes(body[4:7], "little"), int.from_bytes(body[7:10], "little"))
        return values[0] + 1, values[1] + 1
    if kind == b"VP8L":
        packed = int.from_bytes(body[1:5], "little")
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    size = int.from_bytes(body[6:10], "little")
    return size & 0x3FFF, size >> 16 & 0x3FFF


def _orientation(image: Image.Image) -> int:
    """Return the orientation of EXIF that is still to be applied, 1 where there is none."""
    if isinstance(image, TiffImageFile):
        return 1  # Pillow applies it
    try:
        orientation = image.getexif().get(ORIENTATION, 1)
    except Exception:  # a damaged EXIF block leaves the picture whole
        return 1
    return orientation if orientation in range(1, 9) else 1


def _pages(image: Image.Image) -> int:
    try:
        return getattr(image, "n_frames", 1)
    except Exception:  # the first page may be whole all the same
        return 1
