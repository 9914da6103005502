from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroclf.data.bands import Bands, decode_image, is_converted, is_unnamed, read_image_header
from astroclf.data.formats import GRAY, RGB, BadImage, Header
from astroclf.data.pixel_grid import PixelGrid

UGRIZ = ("u", "g", "r", "i", "z")
GRID = PixelGrid((("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN"), ("CRVAL1", 1.0), ("CRVAL2", 2.0)))


def gray(width_px: int = 4, **facts: object) -> Header:
    return Header(4, width_px, GRAY, "float", **facts)  # type: ignore[arg-type]


@given(st.permutations(UGRIZ), st.integers(1, 5))
def test_planes_are_chosen_and_ordered_by_name(names: list[str], count: int) -> None:
    bands = Bands(tuple(names[:count]), tuple(names[:count]))
    planes = np.arange(5, dtype=np.float32)[:, None, None] * np.ones((1, 2, 2), np.float32)
    chosen = bands.choose(UGRIZ, planes)
    assert chosen[:, 0, 0].tolist() == [UGRIZ.index(name) for name in names[:count]]


def test_planes_without_names_are_taken_in_their_order() -> None:
    bands = Bands(("g", "r", "i"), ("g", "r", "i"))
    assert bands.find(("plane 1", "plane 2", "plane 3")) == (0, 1, 2)
    assert Bands(("g",), ("g",)).find(GRAY) == (0,)
    with pytest.raises(BadImage, match="no band g, r, i among plane 1, plane 2"):
        bands.find(("plane 1", "plane 2"))


def test_numbered_planes_are_renamed_and_reordered() -> None:
    bands = Bands(("r", "g"), ("plane 3", "plane 1"))
    assert bands.find(("plane 1", "plane 2", "plane 3")) == (2, 0)


def test_a_missing_band_is_refused_or_zero() -> None:
    planes = np.ones((2, 3, 3), np.float32)
    with pytest.raises(BadImage, match="no band u among g, r"):
        Bands(("u", "g", "r"), ("u", "g", "r")).choose(("g", "r"), planes)
    masked = Bands(("u", "g", "r"), ("u", "g", "r"), "mask").choose(("g", "r"), planes)
    np.testing.assert_array_equal(masked.sum(axis=(1, 2)), [0, 9, 9])
    with pytest.raises(BadImage, match="no band x, y"):
        Bands(("x", "y"), ("x", "y"), "mask").find(("g", "r"))


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (gray(5), r"r\.fits differs from g\.fits in shape \(5 x 4 px, not 4 x 4\)"),
        (Header(4, 4, GRAY, "8-bit"), r"differs from g\.fits in depth \(8-bit, not float\)"),
        (Header(4, 4, ("a", "b"), "float"), r"r\.fits holds 2 planes, not one band"),
        (
            gray(grid=PixelGrid((*GRID.cards, ("CRPIX1", 3.0)))),
            r"r\.fits differs from g\.fits in pixel grid \(3 px apart, by their WCS\)",
        ),
    ],
)
def test_bands_that_do_not_fit_are_refused_with_their_file(other: Header, reason: str) -> None:
    headers = {Path("g.fits"): gray(grid=GRID), Path("r.fits"): other}
    bands = Bands(("g", "r"), ("g", "r"))
    with pytest.raises(BadImage, match=reason):
        read_image_header(list(headers), bands, headers.__getitem__)


def test_a_file_per_band_gives_the_bands_that_there_are() -> None:
    files = [Path("g.fits"), None, Path("i.fits")]
    names = ("g", "r", "i")
    with pytest.raises(BadImage, match="no file of band r"):
        read_image_header(files, Bands(names, names), lambda _: gray())
    with pytest.raises(BadImage, match="no file of band g, r, i"):
        read_image_header([None] * 3, Bands(names, names, "mask"), lambda _: gray())
    header = read_image_header(files, Bands(names, names, "mask"), lambda _: gray(grid=GRID))
    assert (header.bands, header.grid) == (("g", "i"), None)


def test_files_of_bands_are_joined_with_zeros_where_one_is_missing() -> None:
    pictures: Mapping[str, float] = {"g.fits": 1.0, "i.fits": 3.0}

    def decode(file: Path) -> tuple[Header, np.ndarray]:
        return gray(), np.full((1, 4, 4), pictures[file.name], np.float32)

    bands = Bands(("g", "r", "i"), ("g", "r", "i"), "mask")
    header, planes = decode_image([Path("g.fits"), None, Path("i.fits")], bands, decode)
    assert header.bands == ("g", "r", "i")
    assert planes[:, 0, 0].tolist() == [1, 0, 3]


def test_only_unnamed_planes_and_display_colors_are_converted() -> None:
    assert is_unnamed(GRAY)
    assert is_unnamed(("plane 1", "plane 2"))
    assert not is_unnamed(("u", "g"))
    assert not is_unnamed(RGB)
    assert is_converted(GRAY)
    assert is_converted(RGB)
    assert not is_converted(("r",))
