"""Reasons for files of formats that are not readable."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

SIGNATURES = {
    **dict.fromkeys((b"P5", b"P6"), "a PPM image, which is not supported"),
    b"8BPS": "a Photoshop image, which is not supported",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 image, which is not supported",
    b"\x89HDF": "an HDF5 file, not an image",
    b"\x93NUMPY": "a NumPy array, not an image",
    b"%PDF": "a PDF file, not an image",
    b"PK\x03\x04": "a ZIP archive, not an image",
    **dict.fromkeys((b"<!", b"<h", b"<H"), "an HTML page, not an image"),
}


def foreign_reason(start: bytes, readable: Sequence[str]) -> str:
    """Return the kind of a file from its first bytes.

    readable: titles of the formats that are readable.
    """
    if not start:
        return "empty file"
    known = (reason for begin, reason in SIGNATURES.items() if start.startswith(begin))
    return next(known, f"not a {' or '.join(readable)} image")


def foreign_suffix_reason(name: str) -> str:
    """Return why a file of this name, in lower case, is not readable."""
    suffix = PurePath(name).suffix
    return f"{suffix}, not a supported format" if suffix else "no file extension"
