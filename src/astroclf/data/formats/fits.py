"""FITS images, plain, tile-compressed, gzipped or bzip2-compressed, read with astropy."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np

from astroclf.data.formats.format import GRAY, BadImage, Depth, Format, Header, plane_name
from astroclf.data.formats.registry import SIGNATURE_BYTES
from astroclf.data.pixel_grid import PixelGrid

SIGNATURE, GZIP, BZIP2 = b"SIMPLE  =", b"\x1f\x8b", b"BZh"
BOTTOM_UP = 4  # the first row of a FITS image is the lowest one
PIXEL_BYTES = 8  # of the widest type
OTHER_BYTES = 256 * 2**20  # of headers and of other extensions of a compressed file
MASKED_BY = ("BLANK", "ZBLANK")
IMAGES = ("PrimaryHDU", "ImageHDU", "CompImageHDU")


def recognizes(start: bytes) -> bool:
    return start.startswith((SIGNATURE, GZIP, BZIP2))


def read_header(stream: BinaryIO, max_megapixels: float, hdu: int | None) -> Header:
    with _opened(stream, max_megapixels, hdu) as (_, header):
        return header


def decode(stream: BinaryIO, max_megapixels: float, hdu: int | None) -> tuple[Header, np.ndarray]:
    """Return the header, and the physical values (C, H, W) with BSCALE and BZERO applied.

    Planes of a cube are the channels. BLANK pixels are NaN.
    """
    with _opened(stream, max_megapixels, hdu) as (image, header):
        values = np.asarray(image.data)
        dtype = np.uint8 if header.depth == "8-bit" else np.float32
        with np.errstate(over="ignore"):  # values beyond float32 become infinite
            planes = values.reshape(-1, header.height_px, header.width_px).astype(dtype)
    return header, planes


FORMAT = Format(
    title="FITS",
    suffixes=(
        *(".fits", ".fit", ".fts", ".fits.fz", ".fz"),
        *(f"{name}{packed}" for name in (".fits", ".fit", ".fts") for packed in (".gz", ".bz2")),
    ),
    recognizes=recognizes,
    read_header=read_header,
    decode=decode,
)


@contextmanager
def _opened(
    stream: BinaryIO, max_megapixels: float, hdu: int | None
) -> Iterator[tuple[Any, Header]]:
    """Yield the HDU of the image, not read yet, and its header. Raise BadImage if there is none."""
    try:
        from astropy.io import fits
    except ImportError as error:
        raise BadImage("FITS, for which astropy is needed: pip install 'astroclf[fits]'") from error
    plain = _uncompressed(stream, int(max_megapixels * 1e6 * PIXEL_BYTES) + OTHER_BYTES)
    with fits.open(plain, mode="readonly", memmap=False) as units:
        image = _image_unit(units, hdu)
        yield image, _header(image, max_megapixels)


def _uncompressed(stream: BinaryIO, limit: int) -> BinaryIO:
    """Return the stream, or its content after gzip or bzip2 of at most so many bytes."""
    start = stream.read(SIGNATURE_BYTES)
    stream.seek(0)
    if start.startswith(SIGNATURE):
        return stream
    kind = "gzip" if start.startswith(GZIP) else "bzip2"
    try:
        with gzip.open(stream) if kind == "gzip" else bz2.open(stream) as packed:
            content = packed.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadImage(f"truncated or damaged {kind} file") from error
    if not content.startswith(SIGNATURE):
        raise BadImage(f"a {kind} archive without FITS, not an image")
    if len(content) > limit:
        raise BadImage("over the limit of max_megapixels after decompression")
    return BytesIO(content)


def _image_unit(units: Any, hdu: int | None) -> Any:
    """Return the HDU of that number, or the first one with an image."""
    if hdu is not None:
        if hdu >= len(units):
            raise BadImage(f"{len(units)} HDUs, none with number {hdu}")
        if not _has_image(units[hdu]):
            raise BadImage(f"HDU {hdu} holds no image")
        return units[hdu]
    for unit in units:
        if _has_image(unit):
            return unit
    tables = sum(type(unit).__name__.endswith("TableHDU") for unit in units)
    raise BadImage("a FITS table, not an image" if tables else "a FITS file without an image")


def _has_image(unit: Any) -> bool:
    return type(unit).__name__ in IMAGES and len(_shape(unit)) >= 2 and 0 not in _shape(unit)


def _shape(unit: Any) -> tuple[int, ...]:
    """Return the lengths of the axes in the order of the array, without leading axes of length 1."""
    shape = tuple(int(length) for length in unit.shape)
    while len(shape) > 2 and shape[0] == 1:
        shape = shape[1:]
    return shape


def _header(unit: Any, max_megapixels: float) -> Header:
    shape = _shape(unit)
    if len(shape) > 3:
        raise BadImage(f"{len(shape)} axes: give an image or a cube of bands")
    planes, height_px, width_px = (1, *shape)[-3:]
    if planes * height_px * width_px > max_megapixels * 1e6:
        size = " x ".join(map(str, reversed(shape)))
        raise BadImage(
            f"{size} px: over the limit of {max_megapixels:g} megapixels, cut it first or raise max_megapixels"
        )
    bands = GRAY if planes == 1 else tuple(map(plane_name, range(1, planes + 1)))
    grid = PixelGrid.of_header(unit.header)
    return Header(height_px, width_px, bands, _depth(unit.header), orientation=BOTTOM_UP, grid=grid)


def _depth(header: Any) -> Depth:
    """Return the depth of the values after BSCALE, BZERO and BLANK."""
    bits, zero, scale = header["BITPIX"], header.get("BZERO", 0), header.get("BSCALE", 1)
    if scale == 1 and not any(key in header for key in MASKED_BY):
        if (bits, zero) == (8, 0):
            return "8-bit"
        if (bits, zero) == (16, 2**15):  # the convention for unsigned integers
            return "16-bit"
    return "float"
