from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from astroclf.data.mosaics import cutting
from astroclf.data.mosaics.cutting import count_reasons, cut_stamps, nominal_scale_arcsec
from astroclf.data.mosaics.frames import Mosaic
from astroclf.data.mosaics.parameters import CutoutParameters
from astroclf.data.mosaics.stamps import StampCutter
from astroclf.errors import UserError
from fixtures.simulated_frames import Sky, tan_wcs, write_frame

Open = Callable[..., Mosaic]
Parameters = Callable[..., CutoutParameters]
OUTSIDE = (10.0, 0.0)


@pytest.fixture
def mosaic(frame_folder: Path, open_frames: Open) -> Mosaic:
    return open_frames(frame_folder / "mosaic-{band}.fits", "g", "r")


def test_stamps_are_those_of_the_cutter_and_bad_positions_have_a_reason(
    mosaic: Mosaic, parameters: Parameters, sky: Sky, tmp_path: Path
) -> None:
    positions = np.array([sky.sky_deg[0], OUTSIDE, sky.sky_deg[1]])
    cut = cut_stamps(mosaic, parameters(), positions, tmp_path)
    assert cut.kept.tolist() == [0, 2]
    assert cut.bad == {1: "outside every frame"}
    assert cut.invalid_share.tolist() == [0, 0]
    cutter, covering = StampCutter(mosaic, parameters()), mosaic.covering(positions)
    for image, row in zip(cut.images, cut.kept, strict=True):
        expected = cutter.cut((float(positions[row, 0]), float(positions[row, 1])), covering[row])
        np.testing.assert_array_equal(image, expected.image)


def test_stamps_are_cut_once_for_the_same_frames_positions_and_parameters(
    mosaic: Mosaic,
    parameters: Parameters,
    sky: Sky,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = cut_stamps(mosaic, parameters(edges="refuse"), sky.sky_deg[:2], tmp_path)
    monkeypatch.setattr(cutting, "StampCutter", None)  # a second cutting would fail
    again = cut_stamps(mosaic, parameters(edges="drop"), sky.sky_deg[:2], tmp_path)
    np.testing.assert_array_equal(again.images, first.images)
    with pytest.raises(TypeError):
        cut_stamps(mosaic, parameters(edges="mask"), sky.sky_deg[:2], tmp_path)


def test_positions_outside_of_all_frames_are_refused(
    mosaic: Mosaic, parameters: Parameters, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"None of the 1 object can be cut.*outside every frame"):
        cut_stamps(mosaic, parameters(), np.array([OUTSIDE]), tmp_path)


def test_the_nominal_pixel_scale_is_that_of_the_first_band(mosaic: Mosaic) -> None:
    assert nominal_scale_arcsec(mosaic, None) == pytest.approx(0.4, rel=1e-6)
    assert nominal_scale_arcsec(mosaic, 0.7) == 0.7


def test_frames_of_different_pixel_scales_need_a_stated_one(
    tmp_path: Path, open_frames: Open
) -> None:
    for field, scale, ra in (("a", 0.4, 10.0), ("b", 0.5, 20.0)):
        wcs = tan_wcs((ra, 0), scale, (40, 40))
        write_frame(tmp_path / f"{field}-g.fits", np.ones((40, 40)), wcs)
    mosaic = open_frames(tmp_path / "{field}-{band}.fits", "g")
    with pytest.raises(UserError, match=r"pixels of 0\.4 to 0\.5 arcsec"):
        nominal_scale_arcsec(mosaic, None)


def test_reasons_are_counted_from_the_most_frequent() -> None:
    assert count_reasons(["edge", "outside", "outside"]) == "outside (2); edge (1)"
