from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.data.mosaics.cells import border_distance_arcsec, reach_arcsec, sky_cells
from astroclf.data.mosaics.frame_pixels import Box, FrameReader
from astroclf.data.mosaics.frames import Mosaic
from astroclf.data.mosaics.grid import StampGrid
from astroclf.data.mosaics.parameters import CutoutParameters
from astroclf.data.mosaics.psf import kernel_sigma, kernel_width
from astroclf.data.mosaics.resample import MARGIN_PX
from astroclf.data.mosaics.stamps import StampCutter
from astroclf.data.neighbors import find_neighbors
from fixtures.simulated_frames import tan_wcs, write_frame

N = 70  # positions
Pixel = tuple[Path, int]


class PixelLog(FrameReader):
    """Reader that notes which part of a frame is read."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[tuple[Any, Box]] = []

    def read(self, frame: Any, box: Box) -> np.ndarray:
        self.parts.append((frame, box))
        return super().read(frame, box)


def pixels_with_weight(log: PixelLog, grid: StampGrid, smoothing_px: int) -> set[Pixel]:
    """Return the pixels that are read within the margin of the interpolation round the stamp."""
    found: set[Pixel] = set()
    for frame, box in log.parts:
        height_px, width_px = frame.shape
        y, x = np.mgrid[box.y0 : box.y1, box.x0 : box.x1]
        margin = smoothing_px + MARGIN_PX * frame.pixel_scale_arcsec / 0.4
        distance = np.abs(np.subtract(grid.pixel(*frame.projection.sky(x, y)), 7.5)).max(axis=0)
        inside = (y >= 0) & (y < height_px) & (x >= 0) & (x < width_px) & (distance <= 8 + margin)
        found |= {(frame.file, each) for each in (y * width_px + x)[inside].tolist()}
    return found


@pytest.mark.parametrize("match", [None, 2.5], ids=["as observed", "PSF matched"])
def test_stamps_whose_squares_do_not_overlap_share_no_pixel(
    tmp_path: Path,
    open_frames: Callable[..., Mosaic],
    parameters: Callable[..., CutoutParameters],
    match: float | None,
) -> None:
    geometry = {"g": (0.4, 12.0, 500), "r": (0.55, -31.0, 400)}
    for band, (scale, rotation, n) in geometry.items():
        write_frame(
            tmp_path / f"{band}.fits", np.zeros((n, n)), tan_wcs((10, 60), scale, (n, n), rotation)
        )
    mosaic = open_frames(tmp_path / "{band}.fits", "g", "r")
    chosen = parameters(
        image_px=16, edges="mask", psf_fwhm_arcsec=match, band_fwhm_arcsec=(1.3, 1.1)
    )
    rng = np.random.default_rng(0)
    offset = rng.uniform(-75, 75, (N, 2)) / 3600
    sky_deg = np.stack([10 + offset[:, 0] / np.cos(np.radians(60)), 60 + offset[:, 1]], axis=1)
    covering = mosaic.covering(sky_deg)
    smoothing_px = max(kernel_width(sigma / 0.4) for sigma in kernel_sigma(chosen))
    cutter, pixels = StampCutter(mosaic, chosen), []
    for position, row in zip(sky_deg, covering, strict=True):
        log = cutter._reader = PixelLog()
        stamp = cutter.cut((float(position[0]), float(position[1])), row)
        pixels.append(pixels_with_weight(log, stamp.grid, smoothing_px))
    reach = reach_arcsec(mosaic, chosen)
    linked = {tuple(pair) for pair in find_neighbors(sky_deg, reach).tolist()}
    sharing = {
        (i, j) for i in range(N) for j in range(i + 1, N) if not pixels[i].isdisjoint(pixels[j])
    }
    assert sharing  # the positions are dense
    assert sharing <= linked
    assert len(linked) < 3 * len(sharing)  # squares are not much wider than what is read

    # Stamps inside of their cells share no pixel with those of other cells.
    inside = border_distance_arcsec(sky_deg, 1.4) >= reach / 2
    cells = sky_cells(sky_deg, 1.4)
    of_cell: dict[str, set[Pixel]] = defaultdict(set)
    for row in np.flatnonzero(inside):
        of_cell[cells[row]] |= pixels[row]
    assert len(of_cell) > 2
    assert sum(map(len, of_cell.values())) == len(set().union(*of_cell.values()))


def test_cells_are_strips_cut_at_right_ascension() -> None:
    sky_deg = np.array([[0.01, 0.01], [359.99, 0.01], [0.01, -0.01], [0.15, 0.15], [0.17, 0.15]])
    cells = sky_cells(sky_deg, 10)
    assert len(set(cells.tolist())) == 4
    assert cells[0] == cells[3]
    distance = border_distance_arcsec(sky_deg, 10)
    np.testing.assert_allclose(distance[:3], 36, rtol=1e-3)


def test_cells_at_the_pole_and_of_any_place_are_named() -> None:
    rng = np.random.default_rng(0)
    sky_deg = np.stack([rng.uniform(0, 360, 500), rng.uniform(-90, 90, 500)], axis=1)
    sky_deg[:2, 1] = [90, -90]
    distance = border_distance_arcsec(sky_deg, 60)
    assert (distance >= 0).all()
    assert (distance <= 1800 * 1.01).all()
