from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from astroclf.data.formats import BadImage
from astroclf.data.mosaics.frames import Mosaic
from astroclf.data.mosaics.parameters import CutoutParameters
from astroclf.data.mosaics.stamps import Stamp, StampCutter
from fixtures.simulated_frames import Sky, centroid, tan_wcs, write_frame

Open = Callable[..., Mosaic]
Parameters = Callable[..., CutoutParameters]
FLUX = 1e4


def cut_all(mosaic: Mosaic, parameters: CutoutParameters, sky_deg: np.ndarray) -> list[Stamp]:
    cutter = StampCutter(mosaic, parameters)
    covering = mosaic.covering(sky_deg)
    return [
        cutter.cut((float(ra), float(dec)), row)
        for (ra, dec), row in zip(sky_deg, covering, strict=True)
    ]


@pytest.mark.parametrize("center", ["pixel", "object"])
def test_positions_and_flux_hold_in_every_band(
    frame_folder: Path, open_frames: Open, parameters: Parameters, sky: Sky, center: str
) -> None:
    bands = ("g", "r", "i")
    mosaic = open_frames(frame_folder / "mosaic-{band}.fits", *bands)
    stamps = cut_all(mosaic, parameters(bands=bands, center=center), sky.sky_deg)
    offsets, fluxes = [], []
    for stamp, position in zip(stamps, sky.sky_deg, strict=True):
        expected = np.array(stamp.grid.pixel(*position))
        if center == "object":
            np.testing.assert_allclose(expected, 23.5, atol=1e-6)
        else:
            assert np.abs(expected - 23.5).max() <= 0.5
        found = np.array([centroid(band) for band in stamp.image])
        offsets.append(np.hypot(*(found[:, :2] - expected).T))
        fluxes.append(found[:, 2])
    assert np.max(offsets) < 0.01  # pixels of the stamp, in each band
    np.testing.assert_allclose(fluxes, FLUX, rtol=1e-3)


def test_pixels_of_the_first_band_are_those_of_its_frame(
    frame_folder: Path, open_frames: Open, parameters: Parameters, sky: Sky
) -> None:
    mosaic = open_frames(frame_folder / "mosaic-{band}.fits", "g", "r")
    stamp = cut_all(mosaic, parameters(), sky.sky_deg[:1])[0]
    x, y = (int(each) for each in stamp.grid.first)
    frame = fits.getdata(frame_folder / "mosaic-g.fits")
    np.testing.assert_array_equal(stamp.image[0], frame[y : y + 48, x : x + 48])


def test_surface_brightness_keeps_its_values_under_another_pixel_scale(
    tmp_path: Path, open_frames: Open, parameters: Parameters
) -> None:
    for band, scale in (("g", 0.4), ("r", 0.3)):
        write_frame(
            tmp_path / f"{band}.fits", np.full((90, 90), 7.0), tan_wcs((10, 0), scale, (90, 90))
        )
    mosaic = open_frames(tmp_path / "{band}.fits", "g", "r")
    position = np.array([[10.0, 0.0]])
    values = {
        kind: cut_all(mosaic, parameters(image_px=16, pixel_values=kind), position)[0].image
        for kind in ("flux", "surface_brightness")
    }
    np.testing.assert_allclose(values["surface_brightness"], 7, rtol=1e-5)
    np.testing.assert_allclose(values["flux"][1], 7 * (0.4 / 0.3) ** 2, rtol=1e-5)


def test_edges_are_refused_or_masked_by_choice(
    frame_folder: Path, open_frames: Open, parameters: Parameters
) -> None:
    mosaic = open_frames(frame_folder / "mosaic-{band}.fits", "g")
    frame = mosaic.frames[0]
    edge = np.array([frame.projection.sky(5.3, 300.0)], np.float64)
    one = {"bands": ("g",)}
    with pytest.raises(BadImage, match=r"38 % of its pixels in band g are beyond the frame"):
        cut_all(mosaic, parameters(edges="refuse", **one), edge)
    stamp = cut_all(mosaic, parameters(edges="mask", **one), edge)[0]
    assert np.isfinite(stamp.image).all()
    assert stamp.invalid_share == pytest.approx(18 / 48)


def test_gaps_without_data_are_found_through_the_resampling(
    tmp_path: Path, open_frames: Open, parameters: Parameters
) -> None:
    image = np.random.default_rng(0).normal(100, 1, (90, 90))
    image[40:50, 40:44] = np.nan
    write_frame(tmp_path / "g.fits", image, tan_wcs((10, 0), 0.4, (90, 90), rotation_deg=45))
    mosaic = open_frames(tmp_path / "{band}.fits", "g")
    values = {"bands": ("g",), "image_px": 32, "center": "object", "pixel_scale_arcsec": 0.5}
    stamp = cut_all(mosaic, parameters(edges="mask", **values), np.array([[10.0, 0.0]]))[0]
    area = 10 * 4 * (0.4 / 0.5) ** 2  # of the gap, which a margin of a pixel surrounds
    assert area < stamp.invalid_share * 32**2 < area + 2 * (10 + 4 + 4)
    assert np.abs(stamp.image / stamp.image.mean() - 1).max() < 0.06  # no ringing at the gap


def test_positions_outside_of_every_frame_are_named(
    frame_folder: Path, open_frames: Open, parameters: Parameters
) -> None:
    mosaic = open_frames(frame_folder / "mosaic-{band}.fits", "g", "r")
    with pytest.raises(BadImage, match=r"^outside every frame$"):
        cut_all(mosaic, parameters(), np.array([[10.0, 0.0]]))
    corner = np.array([mosaic.frames[0].projection.sky(20.0, 20.0)], np.float64)
    with pytest.raises(BadImage, match="outside every frame of band r"):
        cut_all(mosaic, parameters(), corner)


def test_the_sky_is_subtracted_from_each_band(
    tmp_path: Path, open_frames: Open, parameters: Parameters
) -> None:
    rng = np.random.default_rng(0)
    for band, level in (("g", 100), ("r", 1000)):
        image = rng.normal(level, 1, (90, 90))
        write_frame(tmp_path / f"{band}.fits", image, tan_wcs((10, 0), 0.4, (90, 90)))
    mosaic = open_frames(tmp_path / "{band}.fits", "g", "r")
    stamp = cut_all(mosaic, parameters(sky="sigma_clip"), np.array([[10.0, 0.0]]))[0]
    np.testing.assert_allclose(np.median(stamp.image, axis=(1, 2)), 0, atol=0.01)
