"""Width of the PSF of frames, measured on stars, and smoothing of sharper bands to a common width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from astroclf.data.mosaics.frame_pixels import Box, FrameReader
from astroclf.data.mosaics.frames import Frame, Mosaic, hash_frames
from astroclf.data.mosaics.parameters import CutoutParameters
from astroclf.data.mosaics.stars import LEAST_STARS, star_widths_px
from astroclf.data.store import as_cache_error
from astroclf.errors import UserError, counted, listed
from astroclf.files import read_json, write_json
from astroclf.integrity import hash_bytes, sign, verify_signed
from astroclf.status import status

FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))
SAME_WIDTH = 0.02  # relative difference of widths below which nothing is smoothed
KERNEL_SIGMAS = 4.0  # half width of a kernel
VERSION = 1  # raised whenever the same frames give other widths than before
MatchPsf = Literal["none", "widest"] | float

FRAMES = 5  # of a band that are measured, at most
SIDE_PX = 2048  # central part of a frame that is searched, at most


@dataclass(frozen=True)
class PsfWidth:
    """Width of the PSF of a band. fwhm_arcsec: median over stars; low, high: percentiles 16 and 84.

    n_stars: 0 if the width could not be measured; the widths are NaN then.
    """

    fwhm_arcsec: float
    low: float
    high: float
    n_stars: int

    def __str__(self) -> str:
        if not self.n_stars:
            return "not measured, fewer than three bright stars"
        return (
            f"FWHM {self.fwhm_arcsec:.3g} arcsec ({counted(self.n_stars, 'star')}, 16 to 84 %: {self.low:.3g} to "
            f"{self.high:.3g})"
        )

    def as_json(self) -> list[float]:
        """Return the numbers, [] for a width that is unknown."""
        return [self.fwhm_arcsec, self.low, self.high, self.n_stars] if self.n_stars else []

    @classmethod
    def of(cls, numbers: Sequence[float]) -> PsfWidth:
        """Return the width of `as_json`."""
        if not numbers:
            return UNKNOWN
        fwhm_arcsec, low, high, n_stars = numbers
        return cls(fwhm_arcsec, low, high, int(n_stars))


UNKNOWN = PsfWidth(float("nan"), float("nan"), float("nan"), 0)


def combine_widths(fwhm_arcsec: np.ndarray) -> PsfWidth:
    """Return the width of a band from those of its stars."""
    if len(fwhm_arcsec) < LEAST_STARS:
        return UNKNOWN
    low, median, high = np.percentile(fwhm_arcsec, (16, 50, 84))
    return PsfWidth(float(median), float(low), float(high), len(fwhm_arcsec))


def psf_widths(mosaic: Mosaic, cache: Path) -> list[PsfWidth]:
    """Return the width of the PSF of each band, from stars in a few of its frames; measured once."""
    file = (
        cache
        / f"psf-{hash_bytes(repr((VERSION, mosaic.bands, hash_frames(mosaic))).encode())[:20]}.json"
    )
    try:
        return [PsfWidth.of(each) for each in verify_signed(read_json(file))["widths"]]
    except (OSError, ValueError, KeyError, TypeError):  # not measured yet, or damaged
        widths = _measure_widths(mosaic)
    with as_cache_error(cache):
        cache.mkdir(parents=True, exist_ok=True)
        write_json(file, sign({"widths": [width.as_json() for width in widths]}))
    return widths


def with_psf(
    parameters: CutoutParameters, widths: Sequence[PsfWidth], match_psf: MatchPsf
) -> CutoutParameters:
    """Return the parameters with the width of each band, and the common one.

    match_psf: none, widest (of the bands), or the common width in arcsec. Raise UserError if it
    cannot be reached.
    """
    measured = tuple(width.fwhm_arcsec if width.n_stars else None for width in widths)
    parameters = replace(parameters, band_fwhm_arcsec=measured)
    if match_psf == "none":
        return parameters
    known = [width for width in measured if width is not None]
    if len(known) < len(measured):
        unknown = [b for b, w in zip(parameters.bands, measured, strict=True) if w is None]
        raise UserError(
            f"dataset.match_psf={match_psf}: the PSF of band {listed(unknown)} could not be measured, since fewer than "
            "three bright stars were found in its frames. Set dataset.match_psf=none."
        )
    target = max(known) if match_psf == "widest" else float(match_psf)
    if target < (1 - SAME_WIDTH) * max(known):
        raise UserError(
            f"dataset.match_psf={target:g}: the widest band has {max(known):.3g} arcsec, and smoothing cannot make it "
            "narrower. Set dataset.match_psf=widest, or a larger width."
        )
    return replace(parameters, psf_fwhm_arcsec=target)


def _measure_widths(mosaic: Mosaic) -> list[PsfWidth]:
    reader = FrameReader()
    widths = []
    with status("measuring the PSF", len(mosaic.bands), unit="band") as shown:
        for band in mosaic.bands:
            numbers = mosaic.of_band(band)
            chosen = np.unique(np.linspace(0, len(numbers) - 1, FRAMES).round().astype(int))
            frames = [mosaic.frames[numbers[each]] for each in chosen]
            stars = [_widths_arcsec(reader, frame) for frame in frames]
            widths.append(combine_widths(np.concatenate(stars)))
            shown.update()
    return widths


def _widths_arcsec(reader: FrameReader, frame: Frame) -> np.ndarray:
    """Return the FWHM of stars in the central part of a frame."""
    height_px, width_px = frame.shape
    top, left = max(0, (height_px - SIDE_PX) // 2), max(0, (width_px - SIDE_PX) // 2)
    box = Box(top, min(top + SIDE_PX, height_px), left, min(left + SIDE_PX, width_px))
    return star_widths_px(reader.read(frame, box)) * frame.pixel_scale_arcsec


def kernel_sigma(cutouts: CutoutParameters) -> list[float]:
    """Return the sigma (arcsec) of the Gaussian that smooths each band to `psf_fwhm_arcsec`; 0 for none.

    Widths add in quadrature, which is exact for Gaussians.
    """
    target = cutouts.psf_fwhm_arcsec
    if target is None:
        return [0.0] * len(cutouts.bands)
    return [
        0.0
        if fwhm is None or fwhm >= (1 - SAME_WIDTH) * target
        else float(np.sqrt(target**2 - fwhm**2) / FWHM_PER_SIGMA)
        for fwhm in cutouts.band_fwhm_arcsec
    ]


def kernel_width(sigma_px: float) -> int:
    """Return the half width of a kernel in pixels."""
    return int(np.ceil(KERNEL_SIGMAS * sigma_px))


def smooth(band: np.ndarray, sigma_px: float) -> np.ndarray:
    """Return a band (H, W) smoothed by a Gaussian; invalid pixels stay NaN and do not spread."""
    if sigma_px == 0:
        return band
    from scipy.ndimage import gaussian_filter

    valid = np.isfinite(band)
    fill = float(np.median(band[valid])) if valid.any() else 0.0
    smoothed = gaussian_filter(
        np.where(valid, band, fill).astype(np.float64), sigma_px, truncate=KERNEL_SIGMAS
    )
    return np.where(valid, smoothed, np.nan).astype(np.float32)
