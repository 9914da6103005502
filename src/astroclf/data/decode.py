"""One file of an image -> one array."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

VERSION = 1  # raised whenever the same file and settings give other pixels than before

FORMATS = ("JPEG", "PNG", "TIFF")
SIGNATURES = (b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*")
GREY_MODES = ("1", "L", "LA", "La")
DEEP_MAX = 65535.0

TIFF_BITS, TIFF_SAMPLES = 258, 277
PNG_BITS, PNG_COLOUR = 24, 25  # bytes of the file
PNG_GREYS = (0, 4)  # grey without and with alpha


class BadImage(Exception):  # noqa: N818 - it is a finding about a file, reported with others
    """A file that holds no whole picture; the message says why in a few words."""


@dataclass(frozen=True)
class Header:
    """What a file says of its picture; channels is 1 or 3 (alpha is not counted), bits 8 or 16."""

    height_px: int
    width_px: int
    channels: int
    bits: int

    @property
    def square_px(self) -> int:
        """Width of the largest square."""
        return min(self.height_px, self.width_px)


def read_header(file: Path) -> Header:
    """The size and kind of a picture, without decoding it. Raises BadImage."""
    with _bad_image_reasons(file), file.open("rb") as stream, _opened(stream) as image:
        return _header(image, stream)


def decode(file: Path) -> np.ndarray:
    """The picture as (C, H, W), C = 1 (grey) or 3 (red, green, blue).

    Files of up to 8 bits give uint8; files of 16 bits give float32 with the values as they are,
    0-65535. Alpha is dropped, palettes and CMYK become RGB, of several pages the first is taken.
    Raises BadImage for anything but a whole picture.
    """
    with _bad_image_reasons(file):
        stream = BytesIO(file.read_bytes())
        with _opened(stream) as image:
            header = _header(image, stream)
            image.load()  # raises where the file is cut short
            if header.bits == 16:
                values = _deep_values(stream.getvalue(), header)
            else:
                values = np.array(image.convert("L" if header.channels == 1 else "RGB"))
    return values[np.newaxis] if values.ndim == 2 else values.transpose(2, 0, 1)


def fit(
    image: np.ndarray, crop_px: int | None, image_px: int | None, channels: Literal["auto", 1, 3]
) -> np.ndarray:
    """The centre of a (C, H, W) picture as (C', image_px, image_px), of the same dtype.

    crop_px: width of the square that is cut out first; None cuts the largest.
    image_px: width it is then resized to, by area when it shrinks and by cubic interpolation
        (clipped to the range of the file's values) when it grows; None keeps the width.
    channels: 1 gives the mean of the bands, 3 repeats a grey band, auto changes nothing.
    """
    height_px, width_px = image.shape[1:]
    side_px = crop_px or min(height_px, width_px)
    top, left = (height_px - side_px) // 2, (width_px - side_px) // 2
    square = image[:, top : top + side_px, left : left + side_px]
    if channels == 1 and len(square) == 3:
        mean = square.mean(axis=0, dtype=np.float32, keepdims=True)
        square = mean if square.dtype == np.float32 else np.rint(mean).astype(np.uint8)
    elif channels == 3 and len(square) == 1:
        square = np.repeat(square, 3, axis=0)
    return square if image_px in (None, side_px) else _resized(square, image_px)


def _resized(square: np.ndarray, image_px: int) -> np.ndarray:
    shrinks = image_px < square.shape[-1]
    pixels = np.ascontiguousarray(square.transpose(1, 2, 0))
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    resized = cv2.resize(pixels, (image_px, image_px), interpolation=method)
    if resized.dtype == np.float32:
        resized = resized.clip(0.0, DEEP_MAX)  # cubic interpolation overshoots; cv2 clips uint8
    return resized.reshape(image_px, image_px, -1).transpose(2, 0, 1)


def _deep_values(data: bytes, header: Header) -> np.ndarray:
    """All 16 bits, (H, W) or (H, W, 3) float32; Pillow would keep 8 of them for RGB."""
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16:
        raise BadImage("16-bit values of an unknown kind")
    if header.channels == 1:
        return (values if values.ndim == 2 else values[..., 0]).astype(np.float32)
    return values[..., 2::-1].astype(np.float32)  # stored as blue, green, red, alpha


def _opened(stream: BinaryIO) -> Image.Image:
    return Image.open(stream, formats=FORMATS)


def _header(image: Image.Image, stream: BinaryIO) -> Header:
    bits, channels = 8, 1 if image.mode in GREY_MODES else 3
    # Pillow's mode does not tell 16-bit RGB from 8-bit RGB, so the file is asked.
    if isinstance(image, TiffImageFile):
        bits = max(image.tag_v2.get(TIFF_BITS, (1,)))
        if bits == 16:
            channels = 1 if image.tag_v2.get(TIFF_SAMPLES, 1) < 3 else 3
    elif image.format == "PNG":
        position = stream.tell()
        stream.seek(0)
        start = stream.read(PNG_COLOUR + 1)
        stream.seek(position)
        bits = start[PNG_BITS]
        if bits == 16:
            channels = 1 if start[PNG_COLOUR] in PNG_GREYS else 3
    if bits not in (1, 2, 4, 8, 16) or (bits == 16 and image.mode == "CMYK"):
        raise BadImage(f"{bits} bits a value in mode {image.mode}, which is not supported")
    return Header(image.height, image.width, channels, max(bits, 8))


@contextmanager
def _bad_image_reasons(file: Path) -> Iterator[None]:
    """Turns whatever a decoder raises into a BadImage with a short reason."""
    try:
        yield
    except BadImage:
        raise
    except Exception as error:  # a decoder may raise anything at all on a broken file
        raise BadImage(_reason(file, error)) from error


def _reason(file: Path, error: Exception) -> str:
    try:
        with file.open("rb") as stream:
            start = stream.read(16)
    except OSError as unreadable:
        return f"cannot be read ({unreadable.strerror})"
    if not start:
        return "empty file"
    if "truncated" in str(error).lower():
        return "truncated"
    if isinstance(error, UnidentifiedImageError) and not start.startswith(SIGNATURES):
        return "not a JPEG, PNG or TIFF image"
    return "truncated or damaged"
