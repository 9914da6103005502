"""Frames of a mosaic: files with one band each, their WCS, and the frame that covers a position."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from astroclf.data.formats import BadImage
from astroclf.data.mosaics.frame_files import FrameFile
from astroclf.data.mosaics.frame_pixels import open_unit
from astroclf.data.mosaics.projection import FrameProjection, arcsec_per_pixel, pixel_scale
from astroclf.errors import UserError, counted, listed
from astroclf.integrity import hash_bytes, hash_sample
from astroclf.status import status

OUTSIDE = -1  # number of the frame of a position that is in none


@dataclass(frozen=True, eq=False)
class Frame:
    """One band of one frame: its file, the size of its image, and its WCS.

    field: name that the frames of several bands of one pointing share. plane: of a cube.
    """

    file: Path
    band: str
    field: str
    hdu: int | str | None
    plane: int | None
    shape: tuple[int, int]
    projection: FrameProjection

    @cached_property
    def arcsec_per_px(self) -> np.ndarray:
        """(2, 2) Jacobian at the center."""
        height_px, width_px = self.shape
        return arcsec_per_pixel(self.projection, (width_px - 1) / 2, (height_px - 1) / 2)

    @property
    def pixel_scale_arcsec(self) -> float:
        return pixel_scale(self.arcsec_per_px)

    def edge_distance_arcsec(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the distance of pixels to the nearest edge; negative or NaN outside of the frame."""
        height_px, width_px = self.shape
        inside = np.minimum(
            np.minimum(x + 0.5, width_px - 0.5 - x), np.minimum(y + 0.5, height_px - 0.5 - y)
        )
        return inside * self.pixel_scale_arcsec


@dataclass(frozen=True, eq=False)
class Mosaic:
    """Frames of one or several bands. bands: in the order of channels, the reference first."""

    bands: tuple[str, ...]
    frames: tuple[Frame, ...]

    def of_band(self, band: str) -> list[int]:
        """Return the numbers of the frames of a band."""
        return [number for number, frame in enumerate(self.frames) if frame.band == band]

    def covering(self, sky_deg: np.ndarray) -> np.ndarray:
        """Return (N, bands) int: for each position, the frame of each band whose edge is farthest.

        sky_deg: (N, 2). OUTSIDE where a position is in no frame of a band.
        """
        covering = np.full((len(sky_deg), len(self.bands)), OUTSIDE)
        distance = np.zeros((len(sky_deg), len(self.bands)))
        column = {band: number for number, band in enumerate(self.bands)}
        near = _finder(sky_deg)
        for number, frame in enumerate(self.frames):
            rows = near(frame)
            if not len(rows):
                continue
            x, y = frame.projection.pixel(sky_deg[rows, 0], sky_deg[rows, 1])
            inside = np.nan_to_num(frame.edge_distance_arcsec(x, y), nan=-1.0)
            band = column[frame.band]
            is_best = inside > distance[rows, band]
            distance[rows[is_best], band] = inside[is_best]
            covering[rows[is_best], band] = number
        return covering


def open_mosaic(key: str, files: Sequence[FrameFile], bands: tuple[str, ...]) -> Mosaic:
    """Return the frames of files, with their headers read and their WCS checked.

    key: `<key>=<value>` for messages. A cube gives one frame a plane, in the order of the bands.
    Raise UserError that names each frame that cannot be used, and bands without a frame.
    """
    frames: list[Frame] = []
    bad: dict[str, str] = {}
    with status("reading the headers of frames", len(files), unit="frame") as shown:
        for file in files:
            try:
                frames += _frames_of(file, bands)
            except BadImage as reason:
                bad[file.path.name] = str(reason)
            shown.update()
    if bad:
        named = listed((f"{name} ({reason})" for name, reason in bad.items()), 3, "; ")
        raise UserError(
            f"{key}: {counted(len(bad), 'frame')} of {len(files):,} cannot be used: {named}. Give FITS images "
            "with a WCS, or leave these out."
        )
    missing = [band for band in bands if all(frame.band != band for frame in frames)]
    if missing:
        raise UserError(
            f"{key}: no frame is of band {listed(missing)}. Add its frames, or leave it out of dataset.bands."
        )
    return Mosaic(bands, tuple(frames))


def hash_frames(mosaic: Mosaic) -> str:
    """Return a checksum of the frames, of sampled blocks of large files (see `hash_sample`)."""
    hashes = {file: hash_sample(file) for file in sorted({frame.file for frame in mosaic.frames})}
    parts = [f"{f.band} {f.field} {f.hdu} {f.plane} {hashes[f.file]}" for f in mosaic.frames]
    return hash_bytes("\n".join(parts).encode())


def _frames_of(file: FrameFile, bands: tuple[str, ...]) -> list[Frame]:
    unit = open_unit(file.path, file.hdu)
    planes = unit.shape[0] if len(unit.shape) == 3 else 1
    size = (unit.shape[-2], unit.shape[-1])
    if file.band is None and planes != len(bands):
        raise BadImage(f"{counted(planes, 'plane')}, but dataset.bands has {len(bands)}")
    if file.band is not None and planes != 1:
        raise BadImage(f"a cube of {planes} planes, not an image of band {file.band}")
    projection = FrameProjection(unit.header, size)
    names = bands if file.band is None else (file.band,)
    return [
        Frame(
            file=file.path,
            band=name,
            field=file.field,
            hdu=file.hdu,
            plane=plane if planes > 1 else None,
            shape=size,
            projection=projection,
        )
        for plane, name in enumerate(names)
        if name in bands
    ]


def _finder(sky_deg: np.ndarray) -> Callable[[Frame], np.ndarray]:
    """Return a function from a frame to the rows of the positions that are near enough to be in it."""
    from scipy.spatial import cKDTree

    if not len(sky_deg):
        return lambda frame: np.empty(0, np.int64)
    tree = cKDTree(_unit_vectors(*sky_deg.T))

    def near(frame: Frame) -> np.ndarray:
        height_px, width_px = frame.shape
        x = np.array([(width_px - 1) / 2, -0.5, width_px - 0.5, -0.5, width_px - 0.5])
        y = np.array([(height_px - 1) / 2, -0.5, -0.5, height_px - 0.5, height_px - 0.5])
        center, *corners = _unit_vectors(*frame.projection.sky(x, y))
        radius = max(float(np.linalg.norm(corner - center)) for corner in corners)
        rows = tree.query_ball_point(center, 1.02 * radius)  # edges may bulge by distortions
        return np.array(sorted(rows), np.int64)

    return near


def _unit_vectors(ra_deg: np.ndarray, dec_deg: np.ndarray) -> np.ndarray:
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)
