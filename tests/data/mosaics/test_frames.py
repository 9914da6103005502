from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from astroclf.data.mosaics.frames import OUTSIDE, Mosaic
from astroclf.errors import UserError
from fixtures.simulated_frames import tan_wcs, write_frame

Open = Callable[..., Mosaic]
SHAPE = (100, 100)
EMPTY = np.zeros(SHAPE)


def test_of_overlapping_frames_the_one_whose_edge_is_farthest_is_taken(
    tmp_path: Path, open_frames: Open
) -> None:
    for number, ra in enumerate((10.0, 10.0 + 60 * 0.4 / 3600)):
        write_frame(tmp_path / f"g-{number}.fits", EMPTY, tan_wcs((ra, 0), 0.4, SHAPE))
    mosaic = open_frames(tmp_path / "{band}-{field}.fits", "g")
    offsets_px = np.array([-60.0, -45.0, 0.0, 25.0, 35.0, 60.0, 105.0, 120.0])
    sky_deg = np.stack([10 + offsets_px * 0.4 / 3600, np.zeros(8)], axis=1)
    covering = mosaic.covering(sky_deg)[:, 0]
    assert covering.tolist() == [OUTSIDE, 0, 0, 0, 1, 1, 1, OUTSIDE]
    assert [frame.field for frame in mosaic.frames] == ["0", "1"]


def test_positions_on_the_other_side_of_the_sky_are_outside(
    tmp_path: Path, open_frames: Open
) -> None:
    write_frame(tmp_path / "g.fits", EMPTY, tan_wcs((0.0, 0), 0.4, SHAPE))
    mosaic = open_frames(tmp_path / "{band}.fits", "g")
    sky_deg = np.array([[180.0, 0.0], [359.999, 0.0], [0.001, 0.0], [0.0, 90.0]])
    assert mosaic.covering(sky_deg)[:, 0].tolist() == [OUTSIDE, 0, 0, OUTSIDE]


def test_planes_of_a_cube_are_bands(tmp_path: Path, open_frames: Open) -> None:
    cube = np.stack([EMPTY, EMPTY + 1])
    write_frame(tmp_path / "cube.fits", cube, tan_wcs((10, 0), 0.4, SHAPE))
    mosaic = open_frames(tmp_path / "cube.fits", "g", "r")
    assert [(frame.band, frame.plane) for frame in mosaic.frames] == [("g", 0), ("r", 1)]
    with pytest.raises(UserError, match=r"cube\.fits \(2 planes, but dataset\.bands has 3\)"):
        open_frames(tmp_path / "cube.fits", "g", "r", "i")


def test_frames_that_cannot_be_used_are_named(tmp_path: Path, open_frames: Open) -> None:
    write_frame(tmp_path / "g-1.fits", EMPTY, tan_wcs((10, 0), 0.4, SHAPE))
    write_frame(tmp_path / "g-2.fits", EMPTY, None)
    fits.BinTableHDU.from_columns([fits.Column("x", "E", array=[1.0])]).writeto(
        tmp_path / "g-3.fits"
    )
    with pytest.raises(UserError) as caught:
        open_frames(tmp_path / "{band}-*.fits", "g")
    assert str(caught.value) == (
        f"dataset.frames={tmp_path}/{{band}}-*.fits: 2 frames of 3 cannot be used: g-2.fits (no WCS, by which positions "
        "on the sky are found); g-3.fits (a FITS table, not an image). Give FITS images with a WCS, or leave these out."
    )
    with pytest.raises(UserError, match=r"no frame is of band r\. Add its frames"):
        open_frames(tmp_path / "{band}-1.fits", "g", "r")
