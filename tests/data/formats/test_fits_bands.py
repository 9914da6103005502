from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from astroclf.data.formats import HduChoice, read_header

PLANE, CUBE = np.zeros((6, 6), np.float32), np.zeros((3, 6, 6), np.float32)


def written(file: Path, *units: tuple[np.ndarray, dict[str, str]]) -> Path:
    images = [fits.ImageHDU(values, fits.Header(cards)) for values, cards in units]
    fits.HDUList([fits.PrimaryHDU(), *images]).writeto(file)
    return file


@pytest.mark.parametrize(
    ("cards", "bands"),
    [
        ({}, ("gray",)),
        ({"FILTER": "F160W"}, ("F160W",)),
        ({"BAND": "r", "FILTER": "r.MP9602"}, ("r",)),
        ({"EXTNAME": "G"}, ("G",)),
        ({"EXTNAME": "SCI"}, ("gray",)),
    ],
)
def test_one_plane_is_named_by_its_header(
    tmp_path: Path, cards: dict[str, str], bands: tuple[str, ...]
) -> None:
    assert read_header(written(tmp_path / "a.fits", (PLANE, cards))).bands == bands


@pytest.mark.parametrize(
    ("cards", "bands"),
    [
        ({}, ("plane 1", "plane 2", "plane 3")),
        ({"BAND0": "g", "BAND1": "r", "BAND2": "z"}, ("g", "r", "z")),
        ({"BAND1": "F1", "BAND2": "F2", "BAND3": "F3"}, ("F1", "F2", "F3")),
        ({"BANDS": "grz"}, ("g", "r", "z")),
        ({"BANDS": "gri z"}, ("plane 1", "plane 2", "plane 3")),
        ({"FILTER": "r"}, ("plane 1", "plane 2", "plane 3")),
    ],
)
def test_planes_of_a_cube_are_named_by_its_header(
    tmp_path: Path, cards: dict[str, str], bands: tuple[str, ...]
) -> None:
    assert read_header(written(tmp_path / "a.fits", (CUBE, cards))).bands == bands


@pytest.mark.parametrize(
    ("first", "second", "hdu", "bands"),
    [
        ({"EXTNAME": "G"}, {"EXTNAME": "R"}, ("R", "G"), ("R", "G")),
        ({"EXTNAME": "SCI"}, {"EXTNAME": "SCI"}, (1, 2), ("plane 1", "plane 2")),
        ({"FILTER": "g"}, {"FILTER": "r"}, (1, 2), ("g", "r")),
        ({"FILTER": "g", "EXTNAME": "A"}, {"FILTER": "g", "EXTNAME": "B"}, (1, 2), ("A", "B")),
        ({"FILTER": "g"}, {}, (1, 2), ("plane 1", "plane 2")),
    ],
)
def test_several_hdus_are_named_by_cards_that_differ(
    tmp_path: Path,
    first: dict[str, str],
    second: dict[str, str],
    hdu: HduChoice,
    bands: tuple[str, ...],
) -> None:
    file = written(tmp_path / "a.fits", (PLANE, first), (PLANE, second))
    assert read_header(file, hdu=hdu).bands == bands


def test_real_stamps_name_their_band(shared_data: Path) -> None:
    stamps = shared_data / "sdss_fits/stamps/star"
    assert read_header(next(stamps.glob("stamp-u-*.fits"))).bands == ("u",)
    hst = shared_data / "fits_examples/hst_bands/GDS_deep2_10673_h.fits"
    assert read_header(hst).bands == ("F160W",)
