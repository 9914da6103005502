"""File formats of images: from the bytes of a file to an array and its header."""

from astroclf.data.formats.format import (
    GRAY,
    MAX_MEGAPIXELS,
    RGB,
    BadImage,
    Depth,
    Format,
    HduChoice,
    Header,
    plane_name,
)
from astroclf.data.formats.read import ImageFile, decode, decode_bytes, read_header

__all__ = [
    "GRAY",
    "MAX_MEGAPIXELS",
    "RGB",
    "BadImage",
    "Depth",
    "Format",
    "HduChoice",
    "Header",
    "ImageFile",
    "decode",
    "decode_bytes",
    "plane_name",
    "read_header",
]
