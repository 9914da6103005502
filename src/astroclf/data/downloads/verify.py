"""Verification of downloaded files by the checks of their formats."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

FITS_BLOCK = 2880  # bytes; the length of a FITS file is a multiple of it
FITS_START = b"SIMPLE  ="
BLOCK = 2**20
OPENERS: dict[str, Callable[[Path], Any]] = {".bz2": bz2.open, ".gz": gzip.open}


def damage_of(path: Path, name: str) -> str | None:
    """Return what is wrong with a file, or None.

    name: decides about the check. Of bzip2 and gzip the checksums inside, of FITS the length in blocks.
    """
    suffixes = Path(name).suffixes
    opener = OPENERS.get(suffixes[-1] if suffixes else "")
    is_fits = any(suffix in (".fits", ".fit") for suffix in suffixes)
    try:
        with opener(path) if opener else path.open("rb") as stream:
            start, size = stream.read(len(FITS_START)), 0
            size += len(start)
            while block := stream.read(BLOCK):
                size += len(block)
    except (OSError, EOFError, zlib.error):
        return "the file arrived damaged"
    if is_fits and (start != FITS_START or size % FITS_BLOCK):
        return "the server sent something else than a whole FITS file"
    return None
