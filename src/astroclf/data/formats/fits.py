"""FITS images, plain, tile-compressed, gzipped or bzip2-compressed, read with astropy."""

from __future__ import annotations

import bz2
import gzip
import warnings
import zlib
from collections.abc import Sequence
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np

from astroclf.data.formats.fits_bands import band_names
from astroclf.data.formats.fits_units import Unit, choose_units, unit_data
from astroclf.data.formats.format import BadImage, Depth, Format, HduChoice, Header
from astroclf.data.formats.registry import SIGNATURE_BYTES
from astroclf.data.pixel_grid import PixelGrid

SIGNATURE, GZIP, BZIP2 = b"SIMPLE  =", b"\x1f\x8b", b"BZh"
BOTTOM_UP = 4  # the first row of a FITS image is the lowest one
PIXEL_BYTES = 8  # of the widest type
OTHER_BYTES = 256 * 2**20  # of headers and of other extensions of a compressed file
MASKED_BY = ("BLANK", "ZBLANK")


def recognizes(start: bytes) -> bool:
    return start.startswith((SIGNATURE, GZIP, BZIP2))


def read_header(stream: BinaryIO, max_megapixels: float, hdu: HduChoice) -> Header:
    return _opened(stream, max_megapixels, hdu)[2]


def decode(stream: BinaryIO, max_megapixels: float, hdu: HduChoice) -> tuple[Header, np.ndarray]:
    """Return the header, and the physical values (C, H, W) with BSCALE and BZERO applied.

    The channels are the planes of the chosen HDUs, one after another. BLANK pixels are NaN.
    """
    plain, units, header = _opened(stream, max_megapixels, hdu)
    dtype = np.uint8 if header.depth == "8-bit" else np.float32
    size = (header.height_px, header.width_px)
    planes = np.empty((header.channels, *size), dtype)
    first = 0
    # Values beyond float32 become infinite; cards that are not standard are no concern of the user.
    with np.errstate(over="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for unit in units:
            values = np.asarray(unit_data(plain, unit)).reshape(-1, *size)
            planes[first : first + len(values)] = values
            first += len(values)
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


def _opened(
    stream: BinaryIO, max_megapixels: float, hdu: HduChoice
) -> tuple[BinaryIO, list[Unit], Header]:
    """Return the uncompressed stream, the HDUs of the image and its header. Raise BadImage."""
    try:
        import astropy.io.fits  # noqa: F401
    except ImportError as error:
        raise BadImage("FITS, for which astropy is needed: pip install 'astroclf[fits]'") from error
    plain = _uncompressed(stream, int(max_megapixels * 1e6 * PIXEL_BYTES) + OTHER_BYTES)
    units = choose_units(plain, hdu)
    header = _header(units, max_megapixels)
    file_bytes = plain.seek(0, 2)
    for unit in units:
        unit.require_whole(file_bytes)
    return plain, units, header


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


def _header(units: Sequence[Unit], max_megapixels: float) -> Header:
    for unit in units:
        if len(unit.shape) > 3:
            raise BadImage(f"{len(unit.shape)} axes: give an image or a cube of bands")
    planes = [unit.shape[0] if len(unit.shape) == 3 else 1 for unit in units]
    height_px, width_px = units[0].shape[-2:]
    if sum(planes) * height_px * width_px > max_megapixels * 1e6:
        count = f" x {sum(planes)}" if sum(planes) > 1 else ""
        raise BadImage(
            f"{width_px} x {height_px}{count} px: over the limit of {max_megapixels:g} megapixels, "
            "cut it first or raise max_megapixels"
        )
    depths = {_depth(unit.header) for unit in units}
    depth = depths.pop() if len(depths) == 1 else "float"
    bands = band_names(units, planes)
    grid = PixelGrid.of_header(units[0].header)
    return Header(height_px, width_px, bands, depth, orientation=BOTTOM_UP, grid=grid)


def _depth(header: Any) -> Depth:
    """Return the depth of the values after BSCALE, BZERO and BLANK."""
    bits = header.get("ZBITPIX", header["BITPIX"])
    zero, scale = header.get("BZERO", 0), header.get("BSCALE", 1)
    if scale == 1 and not any(key in header for key in MASKED_BY):
        if (bits, zero) == (8, 0):
            return "8-bit"
        if (bits, zero) == (16, 2**15):  # the convention for unsigned integers
            return "16-bit"
    return "float"
