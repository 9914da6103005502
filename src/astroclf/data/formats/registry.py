"""Registry of the formats: found by the first bytes or by the name of a file."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import PurePath

from astroclf.data.formats.foreign import foreign_reason, foreign_suffix_reason
from astroclf.data.formats.format import BadImage, Format

SIGNATURE_BYTES = 16


@cache
def formats() -> tuple[Format, ...]:
    """Return the FORMAT of each module of this package that has one."""
    package = __package__ or ""
    folder = importlib.import_module(package).__path__
    # In this order JPEG and PNG are named first in messages.
    names = sorted((module.name for module in pkgutil.iter_modules(folder)), reverse=True)
    modules = [importlib.import_module(f"{package}.{name}") for name in names]
    return tuple(module.FORMAT for module in modules if hasattr(module, "FORMAT"))


def suffixes() -> tuple[str, ...]:
    """Return the suffixes of all formats, in lower case, with the dot."""
    return tuple(suffix for each in formats() for suffix in each.suffixes)


def format_of(start: bytes) -> Format:
    """Return the format of a file that begins with these bytes. Raise BadImage if there is none."""
    for each in formats():
        if each.recognizes(start):
            return each
    raise BadImage(foreign_reason(start, [each.title for each in formats()]))


def suffix_reason(name: str) -> str | None:
    """Return why a file of this name is not read, None if its suffix is that of a format."""
    lower = PurePath(name).name.lower()
    return None if lower.endswith(suffixes()) else foreign_suffix_reason(lower)


def stem_of(name: str) -> str:
    """Return the name of a file without its folder and the suffix of its format, such as .fits.gz."""
    last = PurePath(name).name
    found = [suffix for suffix in suffixes() if last.lower().endswith(suffix)]
    return last[: -len(max(found, key=len))] if found else PurePath(last).stem
