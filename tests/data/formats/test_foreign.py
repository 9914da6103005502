from __future__ import annotations

import pytest

from astroclf.data.formats.foreign import foreign_reason, foreign_suffix_reason


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (b"", "empty file"),
        (b"\x89HDF\r\n", "an HDF5 file, not an image"),
        (b"anything else", "not a JPEG or PNG image"),
    ],
)
def test_first_bytes_give_the_reason(start: bytes, reason: str) -> None:
    assert foreign_reason(start, ["JPEG", "PNG"]) == reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.txt", ".txt, not a supported format"),
        ("readme", "no file extension"),
    ],
)
def test_suffixes_give_the_reason(name: str, reason: str) -> None:
    assert foreign_suffix_reason(name) == reason
