"""File kinds: extensions that are read, signatures, and files that are no regular files."""

from __future__ import annotations

import errno
import stat
from pathlib import Path, PurePath

EXTENSIONS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif"),
    *(".png", ".tif", ".tiff", ".webp", ".bmp", ".gif"),
)
FITS_EXTENSIONS = (".fits", ".fit", ".fts", ".fz", ".fits.gz", ".fit.gz")
FITS_REASON = "FITS, which is not readable yet: convert it to 16-bit TIFF or PNG"
READ_FORMATS = "JPEG, PNG, TIFF, WebP, BMP or GIF"

# First bytes of the formats that are read, by Pillow's name of the format.
SIGNATURES = {
    b"\xff\xd8": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "TIFF"),
    **dict.fromkeys((b"GIF87a", b"GIF89a"), "GIF"),
    b"BM": "BMP",
}
# First bytes of formats that are not read but are met among images.
OTHER_SIGNATURES = {
    b"SIMPLE  =": FITS_REASON,
    **dict.fromkeys((b"P5", b"P6"), "a PPM image, which is not supported"),
    b"8BPS": "a Photoshop image, which is not supported",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 image, which is not supported",
    b"\x89HDF": "an HDF5 file, not an image",
    b"\x93NUMPY": "a NumPy array, not an image",
    b"%PDF": "a PDF file, not an image",
    b"PK\x03\x04": "a ZIP archive, not an image",
    b"\x1f\x8b": "a gzip archive, not an image",
    **dict.fromkeys((b"<!", b"<h", b"<H"), "an HTML page, not an image"),
}
SIGNATURE_BYTES = 16
SPECIAL_FILES = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class BadImage(Exception):  # noqa: N818 - it is a finding about a file, reported with others
    """A file without a usable picture; the message is the reason in a few words."""


def require_regular(file: Path) -> None:
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


def format_of(start: bytes) -> str | None:
    """Return Pillow's name of the format that begins with these bytes, None if it is not read."""
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    return next((name for begin, name in SIGNATURES.items() if start.startswith(begin)), None)


def foreign_reason(start: bytes) -> str:
    """Return what a file of no supported format is, from its first bytes."""
    if not start:
        return "empty file"
    known = (name for begin, name in OTHER_SIGNATURES.items() if start.startswith(begin))
    return next(known, f"not a {READ_FORMATS} image")


def extension_reason(name: str) -> str | None:
    """Return why a file of this name is not read, None if its extension is one that is."""
    lower = PurePath(name).name.lower()
    if lower.endswith(EXTENSIONS):
        return None
    if lower.endswith(FITS_EXTENSIONS):
        return FITS_REASON
    suffix = PurePath(lower).suffix
    return f"{suffix}, not a supported format" if suffix else "no file extension"
