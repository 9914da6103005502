"""Grids of stamps, and the pixels of a frame that each pixel of a stamp shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from astroclf.data.mosaics.projection import (
    Projection,
    TangentProjection,
    arcsec_per_pixel,
    pixel_scale,
)

EXACT_PX = 0.01  # largest error of an affine mapping, or of slicing, in pixels of the frame
SAME_SCALE = 0.01  # relative difference of pixel scales that are taken as one


@dataclass(frozen=True, eq=False)
class StampGrid:
    """Pixels of a stamp on the sky: those of a projection, shifted.

    first: pixel (x, y) of the projection at the first pixel of the stamp. image_px: its width.
    """

    projection: Projection
    first: tuple[float, float]
    image_px: int

    @property
    def center(self) -> tuple[float, float]:
        """Center of the stamp as a pixel of the projection."""
        half = (self.image_px - 1) / 2
        return self.first[0] + half, self.first[1] + half

    def sky(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return the position of pixels of the stamp, degrees."""
        return self.projection.sky(np.add(x, self.first[0]), np.add(y, self.first[1]))

    def pixel(self, ra: ArrayLike, dec: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return the pixel of the stamp at positions."""
        x, y = self.projection.pixel(ra, dec)
        return x - self.first[0], y - self.first[1]

    def padded(self, margin_px: int) -> StampGrid:
        """Return the grid with a margin on each side."""
        first = (self.first[0] - margin_px, self.first[1] - margin_px)
        return StampGrid(self.projection, first, self.image_px + 2 * margin_px)


@dataclass(frozen=True, eq=False)
class Affine:
    """Linear mapping from pixels of a stamp to pixels of a frame: x, y -> matrix @ (x, y) + offset."""

    matrix: np.ndarray
    offset: np.ndarray

    def __call__(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        (a, b), (c, d) = self.matrix
        return a * x + b * y + self.offset[0], c * x + d * y + self.offset[1]

    @property
    def area(self) -> float:
        """Area of a pixel of the stamp, in pixels of the frame."""
        return float(abs(np.linalg.det(self.matrix)))

    @property
    def step(self) -> float:
        """Longest distance in the frame between neighboring pixels of the stamp."""
        return float(np.linalg.norm(self.matrix, 2))


@dataclass(frozen=True, eq=False)
class Mapping:
    """Mapping from pixels of a stamp to those of a frame: affine where that is exact, else by both WCS.

    error_px: of `affine`, over the stamp. shift: (x, y) in the frame of the first pixel of the stamp
    where the grids coincide, else None.
    """

    grid: StampGrid
    frame: Projection
    affine: Affine
    error_px: float
    shift: tuple[int, int] | None

    @property
    def is_affine(self) -> bool:
        return self.error_px <= EXACT_PX

    def __call__(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the pixels of the frame that are at pixels of the stamp."""
        return self.affine(x, y) if self.is_affine else self.frame.pixel(*self.grid.sky(x, y))

    def area(self) -> np.ndarray:
        """Return the area of each pixel of the stamp in pixels of the frame, (H, W) or of one number."""
        if self.is_affine:
            return np.array(self.affine.area)
        x, y = np.meshgrid(*2 * (np.arange(self.grid.image_px, dtype=np.float64),))
        right, left = np.stack(self(x + 0.5, y)), np.stack(self(x - 0.5, y))
        above, below = np.stack(self(x, y + 0.5)), np.stack(self(x, y - 0.5))
        (a, c), (b, d) = right - left, above - below
        return np.asarray(np.abs(a * d - b * c))


def stamp_grid(
    reference: Projection,
    position: tuple[float, float],
    image_px: int,
    pixel_scale_arcsec: float,
    *,
    on_object: bool,
) -> StampGrid:
    """Return the grid of a stamp around a position (ra, dec).

    The pixels are those of the reference frame, unless their scale differs from `pixel_scale_arcsec`
    by more than SAME_SCALE: then squares of that scale, oriented as the frame, on the plane that is
    tangent at the position. on_object: the center is the position itself; else the nearest one that
    keeps the pixels of the frame.
    """
    x, y = (float(each) for each in reference.pixel(*position))
    jacobian = arcsec_per_pixel(reference, x, y)
    half = (image_px - 1) / 2
    if abs(pixel_scale(jacobian) / pixel_scale_arcsec - 1) > SAME_SCALE:
        square = pixel_scale_arcsec * orientation(jacobian)
        return StampGrid(TangentProjection(*position, (half, half), square), (0.0, 0.0), image_px)
    first = (x - half, y - half)
    if not on_object:
        first = (float(np.floor(first[0] + 0.5)), float(np.floor(first[1] + 0.5)))
    return StampGrid(reference, first, image_px)


def map_stamp(grid: StampGrid, frame: Projection) -> Mapping:
    """Return the mapping from a stamp to a frame, fitted to nine points of the stamp."""
    ends = np.array([0, (grid.image_px - 1) / 2, grid.image_px - 1])
    x, y = (each.ravel() for each in np.meshgrid(ends, ends))
    if frame is grid.projection:
        target = np.stack([x + grid.first[0], y + grid.first[1]])
    else:
        target = np.stack(frame.pixel(*grid.sky(x, y)))
    design = np.stack([x, y, np.ones(9)], axis=1)
    if grid.image_px == 1:
        matrix, offset = np.eye(2), target[:, 0]
    else:
        solution = np.linalg.lstsq(design, target.T, rcond=None)[0]
        matrix, offset = solution[:2].T, solution[2]
    affine = Affine(matrix, offset)
    error_px = float(np.abs(np.stack(affine(x, y)) - target).max())
    shift = np.rint(target[:, 0])
    off = np.abs(target - np.stack([x, y]) - shift[:, None]).max()
    coincides = bool(off <= EXACT_PX)
    first = (int(shift[0]), int(shift[1])) if coincides else None
    return Mapping(grid, frame, affine, error_px, first)


def orientation(jacobian: np.ndarray) -> np.ndarray:
    """Return the orthogonal matrix that is nearest to a Jacobian: its orientation, without scale."""
    left, _, right = np.linalg.svd(jacobian)
    rotation: np.ndarray = left @ right
    return rotation
