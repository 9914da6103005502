from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sep
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from scipy import ndimage

from astroclf.data.crops import CatalogCrop, Place, RoiCrop, Square, central_square
from astroclf.data.formats import BadImage, Header, decode
from astroclf.data.framing import Framing

XY = CatalogCrop(("x", "y"), "pixel")
TOP_DOWN, BOTTOM_UP = 1, 4


def header_of(picture: np.ndarray, orientation: int = BOTTOM_UP) -> Header:
    bands = tuple(f"plane {n}" for n in range(len(picture)))
    return Header(*picture.shape[1:], bands, "float", orientation=orientation)


def test_the_central_square_is_the_largest_or_as_wide_as_stated() -> None:
    picture = np.zeros((1, 5, 8))
    assert central_square(picture, None) == Square(0, 1, 5)
    assert central_square(picture, 2) == Square(1, 3, 2)
    with pytest.raises(BadImage, match="8 x 5 px, smaller than the crop of 6"):
        central_square(picture, 6)


@given(top=st.integers(-9, 12), left=st.integers(-9, 12), side=st.integers(1, 12))
def test_pixels_beyond_the_image_are_nan(top: int, left: int, side: int) -> None:
    picture = np.arange(2 * 9 * 11, dtype=np.float32).reshape(2, 9, 11)
    padded = np.pad(picture, ((0, 0), (30, 30), (30, 30)), constant_values=np.nan)
    expected = padded[:, 30 + top : 30 + top + side, 30 + left : 30 + left + side]
    np.testing.assert_array_equal(Square(top, left, side).cut(picture), expected)


def test_the_sky_is_estimated_around_the_square() -> None:
    picture = np.arange(400).reshape(1, 20, 20)
    np.testing.assert_array_equal(Square(8, 2, 4).around(picture), picture[:, 6:14, 0:8])


@given(seed=st.integers(0, 10_000), threshold=st.floats(0.5, 2.5))
def test_the_region_of_interest_is_the_largest_component_of_scipy(
    seed: int, threshold: float
) -> None:
    noise = np.random.default_rng(seed).normal(size=(1, 40, 40))
    picture = ndimage.gaussian_filter(noise, (0, 2, 2)).astype(np.float32) * 6
    labels, count = ndimage.label(picture[0] > threshold, np.ones((3, 3)))
    crop = RoiCrop(threshold, 0.0)
    if not count:
        with pytest.raises(BadImage, match="no region above"):
            crop.square(picture)
        return
    square = crop.square(picture)
    sizes = np.bincount(labels.ravel())[1:]
    inside = np.zeros((40, 40), bool)
    bottom, right = square.top + square.side_px, square.left + square.side_px
    inside[square.top : bottom, square.left : right] = True
    largest = [label for label in range(1, count + 1) if sizes[label - 1] == sizes.max()]
    assert any(inside[labels == label].all() for label in largest)
    boxes = [ndimage.find_objects(labels)[label - 1] for label in largest]
    widths = [max(axis.stop - axis.start for axis in box) for box in boxes]
    assert square.side_px in widths


def test_the_margin_widens_the_square_within_the_image() -> None:
    picture = np.zeros((3, 60, 50), np.uint8)
    picture[:, 20:30, 10:15] = 33
    picture[:, 50:52, 40:43] = 99  # brighter and smaller
    assert RoiCrop(10, 0.2).square(picture) == Square(19, 6, 12)
    assert RoiCrop(10, 1.0).square(picture) == Square(15, 2, 20)
    assert RoiCrop(10, 2.0).square(picture) == Square(10, 0, 30)  # shifted
    assert RoiCrop(10, 9.0).square(picture).side_px == 50  # not wider than the image
    with pytest.raises(BadImage, match=r"no region above dataset.roi_threshold=50"):
        RoiCrop(50, 0.2).square(picture[:, :45])


def test_the_segmentation_of_sep_is_used_for_flux() -> None:
    rng = np.random.default_rng(0)
    y, x = np.indices((90, 90))
    galaxy = 60 * np.exp(-((x - 60) ** 2 + (y - 30) ** 2) / (2 * 6**2))
    star = 300 * np.exp(-((x - 15) ** 2 + (y - 70) ** 2) / (2 * 1.5**2))
    picture = (1000 + galaxy + star + rng.normal(0, 1, (1, 90, 90))).astype(np.float32)
    square = RoiCrop(5, 0.0, "sep").square(picture)
    sky = sep.Background(picture[0])
    found = sep.extract(picture[0] - sky, 5, err=sky.globalrms)
    largest = found[found["npix"].argmax()]
    width = max(largest["xmax"] - largest["xmin"], largest["ymax"] - largest["ymin"]) + 1
    assert square.side_px == width
    assert abs(square.left + square.side_px / 2 - 60) < 2
    assert abs(square.top + square.side_px / 2 - 30) < 2
    picture[0, 80:, :] = np.nan
    assert RoiCrop(5, 0.0, "sep").square(picture).side_px == pytest.approx(width, abs=2)
    with pytest.raises(BadImage, match="no region"):
        RoiCrop(5, 0.0, "sep").square(np.ones((1, 30, 30), np.float32))


def test_positions_count_rows_from_the_lowest_of_a_fits_image() -> None:
    picture = np.zeros((1, 30, 40), np.float32)
    picture[0, 30 - 1 - 5, 12] = 1  # x 13, y 6 in a FITS viewer
    place = Place(13, 6, None)
    square = XY.square(header_of(picture), picture, place, 3)
    assert square.cut(picture)[0, 1, 1] == 1
    zero = CatalogCrop(("x", "y"), "pixel", origin=0)
    assert zero.square(header_of(picture), picture, Place(12, 5, None), 3) == square
    flipped = XY.square(header_of(picture, TOP_DOWN), picture, Place(13, 25, None), 3)
    assert flipped == square


def test_the_size_of_the_object_is_the_width_of_its_square() -> None:
    picture = np.zeros((1, 50, 50), np.float32)
    crop = CatalogCrop(("x", "y"), "pixel", size="petro_r", factor=4)
    assert crop.square(header_of(picture), picture, Place(25, 25, 3.0), None).side_px == 12
    for size in (0.0, -1.0, 1e6):
        with pytest.raises(BadImage, match="a size of"):
            crop.square(header_of(picture), picture, Place(25, 25, size), None)


def test_positions_outside_of_the_image_or_without_numbers_are_refused() -> None:
    picture = np.zeros((1, 30, 40), np.float32)
    with pytest.raises(BadImage, match=r"the position 41\.6, 3 is outside of the image"):
        XY.square(header_of(picture), picture, Place(41.6, 3, None), 3)
    with pytest.raises(BadImage, match="no position: give a table with the columns x, y"):
        XY.square(header_of(picture), picture, None, 3)
    with pytest.raises(BadImage, match="column y holds an empty cell, not a number"):
        XY.place(["3.5", ""])
    assert XY.place(["3.5", "7"]) == Place(3.5, 7.0, None)


def test_positions_on_the_sky_are_those_of_the_wcs_of_astropy(shared_data: Path) -> None:
    file = sorted((shared_data / "sdss_fits/stamps/star").glob("stamp-r-*.fits"))[0]
    cards = fits.getheader(file)
    header, picture = decode(file)
    crop = CatalogCrop(("ra", "dec"), "degree", size="arcsec")
    wcs = WCS(cards)
    for x, y in ((25.0, 25.0), (10.0, 31.0), (40.0, 8.0)):
        ra, dec = wcs.all_pix2world(x, y, 0)
        square = crop.square(header, picture, Place(float(ra), float(dec), 0.396 * 6.9), None)
        assert square == Square(51 - 1 - int(y) - 3, int(x) - 3, 7)
    with pytest.raises(BadImage, match="no celestial WCS"):
        crop.square(header_of(picture), picture, Place(1, 2, 3), None)


def test_a_crop_over_the_edge_is_filled_with_the_sky_and_counted() -> None:
    picture = np.full((1, 20, 20), 5, np.float32)
    framing = Framing(("r",), "float", "linear", crop_px=8, image_px=8, crop=XY)
    square = XY.square(header_of(picture), picture, Place(2, 10, None), 8)
    framed = framing._framed(picture, square)
    assert framed.invalid_share == pytest.approx(2 / 8)
    np.testing.assert_array_equal(framed.image, np.full((1, 8, 8), 5))
    gray = picture.astype(np.uint8)
    image = Framing(("r",), "8-bit", "asinh", 8, 8, crop=XY)._framed(gray, square).image
    assert image.dtype == np.uint8
    assert (image == 5).all()


@pytest.mark.parametrize(
    "crop", [None, RoiCrop(3, 0.1, "sep"), XY, CatalogCrop(("a", "b"), "degree", 0, "s", 2)]
)
def test_a_framing_with_a_crop_is_stored_as_json(crop: RoiCrop | CatalogCrop | None) -> None:
    framing = Framing(("r",), "float", "linear", None, 8, sky="border", hdu=("SCI", 2), crop=crop)
    stored = TypeAdapter(Framing)
    assert stored.validate_json(stored.dump_json(framing), strict=True) == framing
