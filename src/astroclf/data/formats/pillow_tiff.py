"""TIFF tags: the depth and number of bands of a picture, and which of them can be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from PIL.TiffImagePlugin import COMPRESSION_INFO, ImageFileDirectory_v2

from astroclf.data.formats.format import GRAY, RGB, BadImage

# Tags of the TIFF 6.0 specification.
BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, EXTRA_SAMPLES, SAMPLE_FORMAT = 258, 259, 262, 277, 338, 339
BLACK_IS_ZERO, PALETTE, INKS = 1, 3, 5  # photometric interpretations; inks are CMYK
ALPHA = ((1,), (2,))  # extra samples that are alpha, associated or not
NUMBERS = {2: "signed integer", 3: "float", 5: "complex integer", 6: "complex"}
BIG_TIFF = 43


@dataclass(frozen=True)
class TiffKind:
    """Bits of a sample, and bands after conversion to gray or RGB and without alpha."""

    bits: int
    bands: tuple[str, ...]


def read_tiff_kind(stream: BinaryIO) -> TiffKind:
    """Return the kind of the first page. Raise BadImage if it is not supported or loses a band."""
    tags = _first_tags(stream)
    bits = max(tags.get(BITS, (1,)))
    samples = int(tags.get(SAMPLES, 1))
    photometric = tags.get(PHOTOMETRIC, BLACK_IS_ZERO)
    number = NUMBERS.get(max(tags.get(SAMPLE_FORMAT, (1,))), "integer")
    found = f"{samples} band{'s' if samples > 1 else ''}"
    if number != "integer" or bits not in (1, 2, 4, 8, 16):
        raise BadImage(
            f"{bits}-bit {number}, {found}: not supported, convert it to unsigned 8 or 16-bit integers"
        )
    colors = 4 if photometric == INKS else 3 if samples >= 3 else 1
    has_alpha = tags.get(EXTRA_SAMPLES, ())[:1] in ALPHA
    if samples > colors + has_alpha:
        raise BadImage(f"{found}, of which {colors} can be used: save a file of {colors}")
    if bits == 16 and photometric == INKS:
        raise BadImage("16-bit CMYK: not supported, convert it to RGB")
    compression = tags.get(COMPRESSION, 1)
    if compression not in COMPRESSION_INFO:
        raise BadImage(f"TIFF compression {compression}: not supported, save it without")
    return TiffKind(int(bits), GRAY if colors == 1 and photometric != PALETTE else RGB)


def _first_tags(stream: BinaryIO) -> ImageFileDirectory_v2:
    stream.seek(0)
    start = stream.read(8)
    if BIG_TIFF in start[2:4]:
        start += stream.read(8)
    tags = ImageFileDirectory_v2(start)
    stream.seek(tags.next)
    tags.load(stream)
    stream.seek(0)
    return tags
