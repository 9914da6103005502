"""One file of an image -> one array."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from astroclf.data.formats.header import MAX_MEGAPIXELS, Header, opened
from astroclf.data.formats.kinds import BadImage, require_regular

VERSION = 2  # raised whenever the same file and settings give other pixels than before

DEEP_MAX = 65535.0
DAMAGED = "truncated, damaged or compressed by an unsupported method"
# Orientation of EXIF -> whether rows and columns are exchanged first, then what is reversed.
TURNS: dict[int, tuple[bool, tuple[int, ...]]] = {
    2: (False, (1,)),
    3: (False, (0, 1)),
    4: (False, (0,)),
    5: (True, ()),
    6: (True, (1,)),
    7: (True, (0, 1)),
    8: (True, (0,)),
}


def read_header(file: Path, max_megapixels: float = MAX_MEGAPIXELS) -> Header:
    """Return the size and kind of a picture, without decoding it. Raise BadImage."""
    require_regular(file)
    with (
        _bad_image_reasons(),
        file.open("rb") as stream,
        opened(stream, max_megapixels) as (_, header),
    ):
        return header


def decode(file: Path, max_megapixels: float = MAX_MEGAPIXELS) -> np.ndarray:
    """Return the picture as (C, H, W), C = 1 (gray) or 3 (red, green, blue).

    Files of up to 8 bits give uint8; files of 16 bits give float32 with the values as they are,
    0-65535. The orientation of EXIF is applied, alpha is dropped, palettes and CMYK become RGB, of
    several pages the first is taken. Raise BadImage for anything but a whole picture of a supported
    kind (see `formats.header`).
    """
    require_regular(file)
    with _bad_image_reasons():
        stream = BytesIO(file.read_bytes())
        with opened(stream, max_megapixels) as (image, header):
            image.load()  # raises where the file is cut short
            if header.bits == 16:
                values = _deep_values(stream.getvalue(), header)
            else:
                plain = image.convert("LA") if image.mode == "La" else image  # Pillow lacks La to L
                values = np.array(plain.convert("L" if header.channels == 1 else "RGB"))
    values = _upright(values, header.orientation)
    if values.shape[:2] != (header.height_px, header.width_px):
        raise BadImage(DAMAGED)  # two sizes or orientations in one file
    return values[np.newaxis] if values.ndim == 2 else values.transpose(2, 0, 1)


def _upright(values: np.ndarray, orientation: int) -> np.ndarray:
    """Return (H, W[, 3]) values with the orientation of EXIF applied."""
    exchanged, reversed_axes = TURNS.get(orientation, (False, ()))
    return np.flip(values.swapaxes(0, 1) if exchanged else values, reversed_axes)


def fit(
    image: np.ndarray, crop_px: int | None, image_px: int | None, channels: Literal["auto", 1, 3]
) -> np.ndarray:
    """Return the center of a (C, H, W) picture as (C', image_px, image_px), of the same dtype.

    crop_px: width of the square that is cut out first; None cuts the largest.
    image_px: width it is then resized to, by area when it shrinks and by cubic interpolation
        (clipped to the range of the file's values) when it grows; None keeps the width.
    channels: 1 gives the mean of the bands, 3 repeats a gray band, auto changes nothing.
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
        raise BadImage("16-bit values in a form that is not supported, save it as PNG")
    if header.channels == 1:
        return (values if values.ndim == 2 else values[..., 0]).astype(np.float32)
    return values[..., 2::-1].astype(np.float32)  # stored as blue, green, red, alpha


@contextmanager
def _bad_image_reasons() -> Iterator[None]:
    """Turn whatever a decoder raises into a BadImage with a short reason."""
    try:
        yield
    except BadImage:
        raise
    except OSError as error:
        unreadable = f"cannot be read ({error.strerror})" if error.errno else DAMAGED
        reason = "truncated" if "truncated" in str(error).lower() else unreadable
        raise BadImage(reason) from error
    except Exception as error:  # a decoder may raise anything at all on a broken file
        raise BadImage(DAMAGED) from error
