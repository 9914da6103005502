"""Stamps cut from a mosaic: one grid for all bands, gaps, sky and neighbors handled by choice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroclf.data.formats import BadImage
from astroclf.data.invalid_pixels import replace_invalid
from astroclf.data.mosaics.frame_pixels import Box, FrameReader
from astroclf.data.mosaics.frames import OUTSIDE, Frame, Mosaic
from astroclf.data.mosaics.grid import StampGrid, map_stamp, stamp_grid
from astroclf.data.mosaics.neighbors import mask_neighbors
from astroclf.data.mosaics.parameters import CutoutParameters
from astroclf.data.mosaics.psf import kernel_sigma, kernel_width, smooth
from astroclf.data.mosaics.resample import resample, source_box
from astroclf.data.sky import sky_levels


@dataclass(frozen=True, eq=False)
class Stamp:
    """image: (C, H, W) float32. invalid_share: of its pixels, which the sky has replaced. grid: on the sky."""

    image: np.ndarray
    invalid_share: float
    grid: StampGrid


class StampCutter:
    """Cuts stamps around positions; frames are read as they are needed (see `FrameReader`)."""

    def __init__(self, mosaic: Mosaic, cutouts: CutoutParameters) -> None:
        self.mosaic, self.cutouts = mosaic, cutouts
        self._reader = FrameReader()
        scale = cutouts.pixel_scale_arcsec
        self._sigmas_px = [s / scale for s in kernel_sigma(cutouts)]
        self._margin_px = max(map(kernel_width, self._sigmas_px))

    def cut(self, position: tuple[float, float], covering: np.ndarray) -> Stamp:
        """Return the stamp around a position (ra, dec).

        covering: (bands,) of `Mosaic.covering`. Raise BadImage for a position outside of the frames of a
        band, for a stamp with pixels beyond the frame or without data unless `edges` is mask, and if
        most pixels of a band are such.
        """
        frames = self._frames(covering)
        cutouts = self.cutouts
        grid = stamp_grid(
            frames[0].projection,
            position,
            cutouts.image_px,
            cutouts.pixel_scale_arcsec,
            on_object=cutouts.center == "object",
        )
        image = self._bands(grid, frames)
        self._require_complete(image)
        levels = sky_levels(image, "border" if cutouts.sky == "none" else cutouts.sky)
        image, invalid_share = replace_invalid(image, levels, cutouts.bands)
        if cutouts.mask_neighbors:
            center = grid.pixel(*position)
            image = mask_neighbors(image, levels, (float(center[0]), float(center[1])))
        if cutouts.sky != "none":
            image = image - levels[:, None, None]
        return Stamp(np.ascontiguousarray(image, np.float32), invalid_share, grid)

    def _frames(self, covering: np.ndarray) -> list[Frame]:
        outside = [b for b, n in zip(self.cutouts.bands, covering, strict=True) if n == OUTSIDE]
        if len(outside) == len(self.cutouts.bands):
            raise BadImage("outside every frame")
        if outside:
            raise BadImage(f"outside every frame of band {', '.join(outside)}")
        return [self.mosaic.frames[number] for number in covering]

    def _bands(self, grid: StampGrid, frames: list[Frame]) -> np.ndarray:
        """Return (C, H, W), NaN where there is no data."""
        margin = self._margin_px
        padded = grid.padded(margin)
        inside = slice(margin, margin + grid.image_px)
        bands = [
            smooth(self._band(padded, frame), sigma_px)[inside, inside]
            for frame, sigma_px in zip(frames, self._sigmas_px, strict=True)
        ]
        return np.stack(bands)

    def _band(self, grid: StampGrid, frame: Frame) -> np.ndarray:
        """Return one band on the grid (H, W): a slice of the frame, or re-projected."""
        mapping = map_stamp(grid, frame.projection)
        if mapping.shift is not None:
            x0, y0 = mapping.shift
            return self._reader.read(frame, Box(y0, y0 + grid.image_px, x0, x0 + grid.image_px))
        box = source_box(mapping)
        values = resample(self._reader.read(frame, box), box, mapping)
        if self.cutouts.pixel_values == "flux":
            values = values * mapping.area().astype(np.float32)
        return values

    def _require_complete(self, image: np.ndarray) -> None:
        if self.cutouts.edges == "mask":
            return
        shares = 1 - np.isfinite(image).mean(axis=(1, 2))
        if shares.any():
            worst = int(shares.argmax())
            raise BadImage(
                f"{max(1, round(100 * shares[worst]))} % of its pixels in band {self.cutouts.bands[worst]} are beyond "
                "the frame or without data"
            )
