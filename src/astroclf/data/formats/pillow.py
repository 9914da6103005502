"""JPEG, PNG, TIFF, WebP, BMP and GIF, read with Pillow; 16-bit values with OpenCV."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import jpeg_factory
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from astroclf.data.formats.format import GRAY, RGB, BadImage, Depth, Format, HduChoice, Header
from astroclf.data.formats.pillow_tiff import read_tiff_kind
from astroclf.data.formats.registry import SIGNATURE_BYTES
from astroclf.errors import one_line

DEFLATE_RATIO = 1032  # bytes that one byte of a PNG can hold at most
GRAY_MODES = ("1", "L", "LA", "La")
UNSUPPORTED = re.compile("support|handle|unknown", re.IGNORECASE)  # in messages of Pillow
ORIENTATION = 0x0112  # tag of EXIF
PNG_BITS, PNG_COLOR = 24, 25  # bytes of the file
PNG_GRAYS = (0, 4)  # gray without and with alpha
SIGNATURES = {
    b"\xff\xd8": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "TIFF"),
    **dict.fromkeys((b"GIF87a", b"GIF89a"), "GIF"),
    b"BM": "BMP",
}
# Image.open would hide why a file is refused, and has a limit of pixels of its own.
READERS: dict[str, Callable[[BinaryIO], Image.Image]] = {
    "JPEG": jpeg_factory,
    "PNG": PngImageFile,
    "TIFF": TiffImageFile,
    "GIF": GifImageFile,
    "BMP": BmpImageFile,
    "WEBP": WebPImageFile,
}


def recognizes(start: bytes) -> bool:
    return _kind(start) is not None


def read_header(stream: BinaryIO, max_megapixels: float, hdu: HduChoice) -> Header:
    with _opened(stream, max_megapixels) as (_, header):
        return header


def decode(stream: BinaryIO, max_megapixels: float, hdu: HduChoice) -> tuple[Header, np.ndarray]:
    """Return the header, and gray or RGB values (1 or 3, H, W).

    Alpha is dropped, palettes and CMYK become RGB, and of several frames the first is taken.
    """
    with _opened(stream, max_megapixels) as (image, header):
        image.load()  # raises where the file is cut short
        if header.depth == "16-bit":
            values = _deep_values(stream, header)
        else:
            plain = image.convert("LA") if image.mode == "La" else image  # Pillow lacks La to L
            values = np.array(plain.convert("L" if header.bands == GRAY else "RGB"))
    return header, values[np.newaxis] if values.ndim == 2 else values.transpose(2, 0, 1)


FORMAT = Format(
    title="JPEG, PNG, TIFF, WebP, BMP, GIF",
    suffixes=(
        *(".jpg", ".jpeg", ".jpe", ".jfif"),
        *(".png", ".tif", ".tiff", ".webp", ".bmp", ".gif"),
    ),
    recognizes=recognizes,
    read_header=read_header,
    decode=decode,
)


def _kind(start: bytes) -> str | None:
    """Return Pillow's name of the format that begins with these bytes."""
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    return next((name for begin, name in SIGNATURES.items() if start.startswith(begin)), None)


@contextmanager
def _opened(stream: BinaryIO, max_megapixels: float) -> Iterator[tuple[Image.Image, Header]]:
    """Yield the picture, not decoded yet, and its header. Raise BadImage for any that is unusable."""
    name = str(_kind(stream.read(SIGNATURE_BYTES)))
    if name == "WEBP":
        _require_size(*_webp_size(stream), max_megapixels)
    tiff = read_tiff_kind(stream) if name == "TIFF" else None
    stream.seek(0)
    with _image(stream, name) as image:
        _require_size(image.width, image.height, max_megapixels)
        bits, bands = 8, GRAY if image.mode in GRAY_MODES else RGB
        if tiff is not None:
            bits, bands = tiff.bits, tiff.bands
        elif name == "PNG":
            bits, bands = _png_kind(stream, image, bands)
        orientation = _orientation(image)
        size_px = (image.height, image.width)
        height_px, width_px = reversed(size_px) if orientation >= 5 else size_px
        depth: Depth = "16-bit" if bits == 16 else "8-bit"
        yield image, Header(height_px, width_px, bands, depth, _n_frames(image), orientation)


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


def _png_kind(
    stream: BinaryIO, image: Image.Image, bands: tuple[str, ...]
) -> tuple[int, tuple[str, ...]]:
    """Return bits, 8 or 16, and bands: Pillow has one mode for 16-bit and 8-bit RGB."""
    position = stream.tell()
    stream.seek(0)
    start = stream.read(PNG_COLOR + 1)
    size = stream.seek(0, 2)
    stream.seek(position)
    bits, color = start[PNG_BITS], start[PNG_COLOR]
    if image.width * image.height * bits / 8 > DEFLATE_RATIO * size:
        raise BadImage("truncated")
    return (16, GRAY if color in PNG_GRAYS else RGB) if bits == 16 else (8, bands)


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


def _n_frames(image: Image.Image) -> int:
    try:
        return getattr(image, "n_frames", 1)
    except Exception:  # the first frame may be whole all the same
        return 1


def _deep_values(stream: BinaryIO, header: Header) -> np.ndarray:
    """Return all 16 bits, (H, W) or (H, W, 3) float32; Pillow would keep 8 of them for RGB."""
    stream.seek(0)
    values = cv2.imdecode(np.frombuffer(stream.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16:
        raise BadImage("16-bit values in a form that is not supported, save it as PNG")
    if header.bands == GRAY:
        return (values if values.ndim == 2 else values[..., 0]).astype(np.float32)
    return values[..., 2::-1].astype(np.float32)  # stored as blue, green, red, alpha
