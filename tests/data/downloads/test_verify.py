"""Tests of astroclf.data.downloads.verify."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import pytest

from astroclf.data.downloads.verify import damage_of

FITS = b"SIMPLE  =".ljust(2880)


@pytest.mark.parametrize(
    ("name", "content", "damage"),
    [
        ("a.fits", FITS, None),
        ("a.fits", FITS[:-1], "something else than a whole FITS"),
        ("a.fits", b"<html>".ljust(2880), "something else than a whole FITS"),
        ("a.fits.bz2", bz2.compress(FITS), None),
        ("a.fits.bz2", bz2.compress(FITS)[:-4], "arrived damaged"),
        ("a.fits.gz", gzip.compress(FITS), None),
        ("a.fits.gz", FITS, "arrived damaged"),
        ("a.csv", b"anything", None),
    ],
)
def test_damage_is_found_by_the_format(
    tmp_path: Path, name: str, content: bytes, damage: str | None
) -> None:
    (tmp_path / "part").write_bytes(content)
    found = damage_of(tmp_path / "part", name)
    assert found is None if damage is None else damage in str(found)
