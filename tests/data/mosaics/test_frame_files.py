from __future__ import annotations

from pathlib import Path

import pytest

from astroclf.data.mosaics.frame_files import FrameFile, list_frames
from astroclf.errors import UserError

NAMES = ("frame-g-001.fits", "frame-r-001.fits", "frame-g-002.fits.gz", "frame-r-002.fits", "a.csv")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).touch()
    return tmp_path


def test_fields_of_a_pattern_are_shared_by_the_bands(folder: Path) -> None:
    for pattern in ("frame-{band}-{field}.fits*", "frame-{band}-*.fits*"):
        found = list_frames("k", str(folder / pattern), ("r", "g"), "SCI")
        assert [(each.band, each.field[:3]) for each in found] == [
            ("r", "001"),
            ("r", "002"),
            ("g", "001"),
            ("g", "002"),
        ]
        assert {each.hdu for each in found} == {"SCI"}


def test_bands_may_be_extensions_or_planes_of_one_file(folder: Path) -> None:
    pattern = str(folder / "frame-g-001.fits")
    of_extensions = list_frames("k", pattern, ("g", "r"), "SCI_{band}")
    assert [(each.band, each.hdu) for each in of_extensions] == [("g", "SCI_g"), ("r", "SCI_r")]
    assert [each.band for each in list_frames("k", pattern, ("g", "r"), None)] == [None]
    assert [each.band for each in list_frames("k", pattern, ("g",), None)] == ["g"]


def test_a_table_names_files_bands_fields_and_extensions(folder: Path) -> None:
    table = folder / "frames.csv"
    table.write_text(
        "file,band,field,hdu\nframe-g-001.fits,g,0007,2\nframe-r-001.fits,r,,SCI\na.csv,z,,\n"
    )
    found = list_frames("k", str(table), ("g", "r"), 1)
    assert found == [
        FrameFile(folder / "frame-g-001.fits", "g", "0007", 2),
        FrameFile(folder / "frame-r-001.fits", "r", "frame-r-001", "SCI"),
    ]


def test_missing_files_and_bands_are_refused(folder: Path) -> None:
    with pytest.raises(UserError, match=r"k=.*nothing-\*\.fits matches no file"):
        list_frames("k", str(folder / "nothing-*.fits"), ("g",), None)
    table = folder / "frames.csv"
    table.write_text("file,band\nmissing.fits,g\n")
    with pytest.raises(UserError, match=r"1 file of the table is missing: .*missing\.fits"):
        list_frames("k", str(table), ("g",), None)
    with pytest.raises(UserError, match="lists no frame of the bands u, only of g"):
        list_frames("k", str(table), ("u",), None)
