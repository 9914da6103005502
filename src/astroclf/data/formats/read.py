"""Reading of an image file of any format."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import BinaryIO, Literal, Protocol

import numpy as np

from astroclf.data.formats.format import MAX_MEGAPIXELS, BadImage, HduChoice, Header
from astroclf.data.formats.registry import SIGNATURE_BYTES, format_of

VERSION = 3  # raised whenever the same file and settings give other pixels than before

DAMAGED = "truncated, damaged or compressed by an unsupported method"
# Orientation of EXIF -> whether rows and columns are exchanged first, and the axes reversed then.
ORIENTATIONS: dict[int, tuple[bool, tuple[int, ...]]] = {
    2: (False, (2,)),
    3: (False, (1, 2)),
    4: (False, (1,)),
    5: (True, ()),
    6: (True, (2,)),
    7: (True, (1, 2)),
    8: (True, (1,)),
}
SPECIAL_FILES = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class ImageFile(Protocol):
    """A file that images are read from: a path, or a member of an archive."""

    @property
    def name(self) -> str: ...

    def stat(self) -> os.stat_result: ...

    def is_symlink(self) -> bool: ...

    def read_bytes(self) -> bytes: ...

    def open(self, mode: Literal["rb"], /) -> BinaryIO: ...


def read_header(
    file: ImageFile, max_megapixels: float = MAX_MEGAPIXELS, hdu: HduChoice = None
) -> Header:
    """Return the size and kind of a picture, without decoding it. Raise BadImage."""
    require_regular(file)
    with _bad_image_reasons(), file.open("rb") as stream:
        each = format_of(stream.read(SIGNATURE_BYTES))
        stream.seek(0)
        return each.read_header(stream, max_megapixels, hdu)


def decode(
    file: ImageFile, max_megapixels: float = MAX_MEGAPIXELS, hdu: HduChoice = None
) -> tuple[Header, np.ndarray]:
    """Return the header and the picture (C, H, W) of a file, with its orientation applied.

    Values of 8 bits give uint8, all others float32 with the values as they are. Raise BadImage for
    anything but a whole picture of a supported kind.
    """
    require_regular(file)
    with _bad_image_reasons():
        content = file.read_bytes()
    return decode_bytes(content, max_megapixels, hdu)


def decode_bytes(
    content: bytes, max_megapixels: float = MAX_MEGAPIXELS, hdu: HduChoice = None
) -> tuple[Header, np.ndarray]:
    """Return the header and the picture of the content of a file, as `decode`."""
    with _bad_image_reasons():
        stream = BytesIO(content)
        each = format_of(stream.read(SIGNATURE_BYTES))
        stream.seek(0)
        header, values = each.decode(stream, max_megapixels, hdu)
    exchanged, reversed_axes = ORIENTATIONS.get(header.orientation, (False, ()))
    picture = np.flip(values.swapaxes(1, 2) if exchanged else values, reversed_axes)
    if picture.shape != (header.channels, header.height_px, header.width_px):
        raise BadImage(DAMAGED)  # two sizes or orientations in one file
    return header, picture


def require_regular(file: ImageFile) -> None:
    """Raise BadImage unless the path leads to a regular file: opening a named pipe may hang."""
    try:
        mode = file.stat().st_mode
    except ValueError as error:  # a zero byte
        raise BadImage("not the name of a file") from error
    except OSError as error:
        is_link = error.errno == errno.ENOENT and file.is_symlink()
        reason = "a broken link" if is_link else f"cannot be read ({error.strerror})"
        raise BadImage(reason) from error
    for is_kind, name in SPECIAL_FILES:
        if is_kind(mode):
            raise BadImage(f"{name}, not a regular file")


@contextmanager
def _bad_image_reasons() -> Iterator[None]:
    """Turn any exception of a decoder into a BadImage with a short reason."""
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
