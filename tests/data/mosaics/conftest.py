from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from astroclf.data.mosaics.frame_files import list_frames
from astroclf.data.mosaics.frames import Mosaic, open_mosaic
from astroclf.data.mosaics.parameters import CutoutParameters
from fixtures.simulated_frames import Sky, render, scatter, tan_wcs, write_frame

CENTER = (150.1, 2.2)
FLUX = 1e4
PARAMETERS = CutoutParameters(
    frames="",
    hdu=None,
    bands=("g", "r"),
    image_px=48,
    pixel_scale_arcsec=0.4,
    center="pixel",
    pixel_values="flux",
    edges="refuse",
    mask_neighbors=False,
    sky="none",
)


@dataclass(frozen=True)
class BandGeometry:
    scale_arcsec: float
    rotation_deg: float
    offset_px: tuple[float, float]
    fwhm_arcsec: float
    shape: tuple[int, int]


# Offsets, rotation and pixel scales that differ: finer and coarser pixels than those of the stamps.
BANDS = {
    "g": BandGeometry(0.4, 0.0, (0.0, 0.0), 1.3, (600, 600)),
    "r": BandGeometry(0.27, 31.0, (3.3, -7.7), 1.1, (1000, 1000)),
    "i": BandGeometry(0.9, -20.0, (1.2, 0.4), 2.2, (300, 300)),
}


@pytest.fixture(scope="session")
def sky() -> Sky:
    """Stars and galaxies of equal flux, well apart."""
    n = 36
    sigmas = np.where(np.arange(n) % 2, 0.6, 0.0)
    return Sky(scatter(CENTER, n, 170, 0, 16), np.full(n, FLUX), sigmas)


@pytest.fixture(scope="session")
def frame_folder(sky: Sky, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames of three bands without noise: mosaic-<band>.fits."""
    folder = tmp_path_factory.mktemp("frames")
    for name, band in BANDS.items():
        wcs = tan_wcs(CENTER, band.scale_arcsec, band.shape, band.rotation_deg, band.offset_px)
        image = render(sky, wcs, band.shape, band.fwhm_arcsec, band.scale_arcsec)
        write_frame(folder / f"mosaic-{name}.fits", image, wcs)
    return folder


@pytest.fixture
def open_frames() -> Callable[..., Mosaic]:
    def open_with(frames: Path | str, *bands: str, hdu: int | str | None = None) -> Mosaic:
        files = list_frames("dataset.frames", str(frames), bands, hdu)
        return open_mosaic(f"dataset.frames={frames}", files, bands)

    return open_with


@pytest.fixture
def parameters() -> Callable[..., CutoutParameters]:
    def with_values(**values: object) -> CutoutParameters:
        return replace(PARAMETERS, **values)  # type: ignore[arg-type]

    return with_values
