from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from astroclf.data.crops import CatalogCrop, RoiCrop
from astroclf.data.sources import catalog, image_folder
from astroclf.data.sources.crop_settings import crop_of, crop_settings, place_settings
from astroclf.errors import UserError


def write_stamps(folder: Path, n: int = 6, px: int = 30) -> None:
    """FITS frames of noise on a pedestal of 100, with a bright pixel at x = 10 + k, y = 8 (from 1)."""
    for k in range(n):
        values = np.random.default_rng(k).normal(100, 1, (px, px)).astype(np.float32)
        values[7, 9 + k] = 500
        values[20, 20] = np.nan
        name = folder / "ab"[k % 2]
        name.mkdir(parents=True, exist_ok=True)
        units = [fits.PrimaryHDU(), fits.ImageHDU(values, name="SCI"), fits.ImageHDU(values * 0)]
        fits.HDUList(units).writeto(name / f"{k}.fits")


def test_each_crop_is_stated_by_its_settings(source_settings: Callable[..., Any]) -> None:
    assert crop_of(source_settings("image_folder")) is None
    roi = source_settings("image_folder", crop="roi", roi_threshold=3, roi_method="sep")
    assert crop_of(roi) == RoiCrop(3, 0.2, "sep")
    crops = {"crop": "roi", "roi_threshold": 3, "roi_margin": 0.2, "roi_method": "sep"}
    assert crop_settings(RoiCrop(3, 0.2, "sep")) == crops
    assert crop_settings(None) == {"crop": "center"}
    table = source_settings("catalog", crop="catalog", crop_px=9, x_column="X", y_column="Y")
    assert crop_of(table) == CatalogCrop(("X", "Y"), "pixel")
    other = CatalogCrop(("x", "y"), "pixel", 0, "r", 2)
    assert place_settings(other, table) == {
        **{"x_column": "X", "y_column": "Y", "size_column": "r"},
        **{"xy_origin": 0, "size_factor": 2},
    }


def test_sky_and_sep_of_display_values_are_refused(
    tmp_path: Path, write_image: Callable[..., np.ndarray], source_settings: Callable[..., Any]
) -> None:
    for label in "ab":
        write_image(tmp_path / f"images/{label}/{label}.png", px=12)
    for key, values in {
        "dataset.sky=border": {"sky": "border"},
        "dataset.roi_method=sep": {"crop": "roi", "roi_method": "sep"},
    }.items():
        settings = source_settings("image_folder", root=str(tmp_path / "images"), **values)
        with pytest.raises(UserError, match=f"{key}: values of 8 bits are made for display"):
            image_folder.load(settings)


def test_hdu_sky_and_invalid_pixels_of_a_folder(
    tmp_path: Path, source_settings: Callable[..., Any]
) -> None:
    write_stamps(tmp_path / "images")
    root = {"root": str(tmp_path / "images"), "image_px": None}
    raw = image_folder.load(source_settings("image_folder", hdu="SCI", **root))
    dark = image_folder.load(source_settings("image_folder", hdu=2, **root))
    flux = image_folder.load(source_settings("image_folder", hdu="SCI", sky="sigma_clip", **root))
    assert raw.invalid_share is not None
    np.testing.assert_allclose(raw.invalid_share, 1 / 900)
    assert dark.images.max() == 0
    assert np.median(raw.images) == pytest.approx(100, abs=0.1)
    assert np.median(flux.images) == pytest.approx(0, abs=0.1)
    assert flux.images[0, 0, 29 - 20, 20] == 0  # the invalid pixel
    assert flux.framing is not None
    file = tmp_path / "images/a/0.fits"
    np.testing.assert_array_equal(flux.framing.read(file), flux.images[0])


def test_squares_around_the_positions_of_a_table(
    tmp_path: Path, source_settings: Callable[..., Any]
) -> None:
    write_stamps(tmp_path / "images")
    rows = [f"{'ab'[k % 2]}/{k}.fits,{10 + k},8,{'ab'[k % 2]},{k}" for k in range(6)]
    table = tmp_path / "images/t.csv"
    table.write_text("\n".join(["file,x,y,class,size", *rows, "a/0.fits,15,15,a,7"]))
    stated = {"table": str(table), "crop": "catalog", "x_column": "x", "y_column": "y"}
    stated |= {"image_px": None, "hdu": "SCI", "id_column": "size", "crop_px": 5}
    dataset = catalog.load(source_settings("catalog", **stated))
    assert (dataset.images[:6, 0, 2, 2] == 500).all()
    assert dataset.images.shape == (7, 1, 5, 5)
    assert (dataset.images[6] < 200).all()
    stated |= {"crop_px": None, "image_px": 4, "size_column": "size", "size_factor": 2.0}
    table.write_text("\n".join(["file,x,y,class,size", *rows[1:], "a/0.fits,,15,a,7"]))
    with pytest.raises(UserError, match=r"dataset.crop=catalog: column x holds an empty cell"):
        catalog.load(source_settings("catalog", **stated))


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("image_folder", {"crop": "catalog"}, "no positions of the objects"),
        ("catalog", {"crop": "catalog", "crop_px": 9}, "no positions of the objects"),
        ("image_folder", {"crop": "roi", "crop_px": 9}, "each square has the size of its object"),
        ("image_folder", {"crop": "roi", "image_px": None}, "the squares have different sizes"),
        ("catalog", {"x_column": "x"}, "set both or neither"),
        (
            "catalog",
            {"crop": "catalog", "x_column": "x", "y_column": "y"},
            "the width of the squares",
        ),
    ],
)
def test_settings_that_state_no_square_are_refused(
    source_settings: Callable[..., Any], name: str, values: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        source_settings(name, **values)
