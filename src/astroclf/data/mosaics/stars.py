"""Width of the PSF of a frame, from fits of its stars."""

from __future__ import annotations

from typing import Any

import numpy as np

from astroclf.errors import UserError

DETECTION = 20.0  # sky sigmas of a star
STARS = 40  # brightest unsaturated ones that are fitted
STAMP_PX = 25  # width of the part that is fitted
LOCUS = 0.15  # relative width of the peak of half-light radii that are those of stars
ROUND = 0.8  # smallest axis ratio of a star
LEAST_STARS = 3


def star_widths_px(image: np.ndarray) -> np.ndarray:
    """Return the FWHM (n,) of stars in a frame (H, W), by fits of a circular Moffat profile.

    Stars are bright, round, unsaturated sources at the lower peak of the half-light radii. The width is
    that of the image, pixels included.
    """
    sky_subtracted, noise = _without_sky(image)
    sources, radii = _bright_sources(sky_subtracted, noise)
    chosen = _stars(sources, radii, sky_subtracted)
    widths = [_moffat_fwhm(sky_subtracted, float(x), float(y)) for x, y in chosen]
    fitted = np.array([width for width in widths if width is not None])
    if len(fitted) < LEAST_STARS:
        return np.empty(0)
    middle = np.median(fitted)
    spread = 1.4826 * np.median(np.abs(fitted - middle)) + 0.02 * middle
    return np.asarray(fitted[np.abs(fitted - middle) <= 3 * spread])


def _sep() -> Any:
    try:
        import sep
    except ImportError as error:
        raise UserError(
            "The width of the PSF is measured with sep. Run: pip install 'astroclf[fits]'"
        ) from error
    return sep


def _without_sky(image: np.ndarray) -> tuple[np.ndarray, float]:
    """Return a frame without its sky, and the noise of the sky."""
    valid = np.isfinite(image)
    fill = np.median(image[valid]) if valid.any() else 0.0
    filled = np.ascontiguousarray(np.where(valid, image, fill), np.float32)
    background = _sep().Background(filled, mask=~valid)
    return filled - background.back(), float(background.globalrms)


def _bright_sources(image: np.ndarray, noise: float) -> tuple[Any, np.ndarray]:
    """Return the isolated bright sources of a frame, and their half-light radii in pixels."""
    sep = _sep()
    data = np.ascontiguousarray(image, np.float32)
    sources: Any = sep.extract(data, DETECTION, err=noise) if noise > 0 else np.empty(0)
    if not len(sources):
        return sources, np.empty(0)
    radii, flags = sep.flux_radius(
        data, sources["x"], sources["y"], 6 * sources["a"], 0.5, subpix=5
    )
    half = STAMP_PX // 2 + 1
    height_px, width_px = image.shape
    inside = (sources["x"] > half) & (sources["x"] < width_px - half)
    inside &= (sources["y"] > half) & (sources["y"] < height_px - half)
    kept = inside & (sources["flag"] == 0) & (flags == 0) & (sources["b"] > ROUND * sources["a"])
    return sources[kept], radii[kept]


def _stars(sources: Any, radii: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Return (n, 2) positions of the brightest unsaturated sources of the size of stars."""
    if len(sources) < LEAST_STARS:
        return np.empty((0, 2))
    # Saturated stars have flat tops: the brightest pixels of a frame are left out.
    unsaturated = sources["peak"] < 0.8 * float(image.max())
    if unsaturated.sum() >= LEAST_STARS:
        sources, radii = sources[unsaturated], radii[unsaturated]
    logs = np.log(radii)
    n_near = (np.abs(logs[:, None] - logs) < LOCUS).sum(axis=1)
    # Of peaks that are nearly as high as the highest one, stars are the smallest.
    locus = logs[n_near >= 0.7 * n_near.max()].min()
    is_star = np.abs(logs - locus) < LOCUS
    stars = sources[is_star]
    order = np.argsort(-stars["flux"])[:STARS]
    return np.stack([stars["x"][order], stars["y"][order]], axis=1)


def _moffat_fwhm(image: np.ndarray, x: float, y: float) -> float | None:
    """Return the FWHM (pixels) of a circular Moffat profile fitted to a star, None if the fit fails."""
    from scipy.optimize import least_squares

    half = STAMP_PX // 2
    left, top = round(x) - half, round(y) - half
    star = image[top : top + STAMP_PX, left : left + STAMP_PX].astype(np.float64)
    rows, columns = np.indices(star.shape)
    peak = star[half, half]
    if peak <= 0:
        return None

    def residuals(parameters: np.ndarray) -> np.ndarray:
        x0, y0, amplitude, log_width, log_beta, level = parameters
        r2 = (columns - x0) ** 2 + (rows - y0) ** 2
        beta = 1 + np.exp(log_beta)
        profile = amplitude * (1 + r2 / np.exp(2 * log_width)) ** -beta + level
        return np.asarray((profile - star / peak).ravel())

    start = [x - left, y - top, 1.0, np.log(2.0), np.log(2.0), 0.0]
    low = [half - 2, half - 2, 0.1, np.log(0.3), np.log(0.1), -0.5]
    high = [half + 2, half + 2, 10.0, np.log(3.0 * half), np.log(50.0), 0.5]
    start = list(np.clip(start, np.add(low, 1e-3), np.subtract(high, 1e-3)))
    fit = least_squares(residuals, start, bounds=(low, high), max_nfev=200)
    if not fit.success:
        return None
    width, beta = np.exp(fit.x[3]), 1 + np.exp(fit.x[4])
    return float(2 * width * np.sqrt(2 ** (1 / beta) - 1))
