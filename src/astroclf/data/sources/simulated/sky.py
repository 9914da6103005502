"""Image formation: light profiles, seeing, pixels and photon noise.

Coordinates are in arcsec from the center of the cutout, angles in radians from the x axis towards
the y axis. Fluxes are in nanomaggies (nmgy): a source of 1 nmgy has magnitude 22.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import fft

OVERSAMPLING = 2  # cells per pixel, along each side
MARGIN_PX = 8  # computed around the cutout, since the seeing moves light across its edge
ZERO_POINT_MAG = 22.5  # magnitude of 1 nmgy
FLUX_ITERATIONS = 16  # each at least halves the error of the logarithm of the flux


@dataclass(frozen=True)
class Canvas:
    """Oversampled grid on which a cutout is computed, a little wider than the cutout."""

    image_px: int
    pixel_scale_arcsec: float

    @property
    def cells(self) -> int:
        return (self.image_px + 2 * MARGIN_PX) * OVERSAMPLING

    @property
    def cell_arcsec(self) -> float:
        return self.pixel_scale_arcsec / OVERSAMPLING

    @property
    def width_arcsec(self) -> float:
        """Width of the cutout itself."""
        return self.image_px * self.pixel_scale_arcsec

    @cached_property
    def axis(self) -> np.ndarray:
        """Centers of the cells along x or y, (cells,) float32."""
        offsets = np.arange(self.cells) - (self.cells - 1) / 2
        return (offsets * self.cell_arcsec).astype(np.float32)

    @cached_property
    def lags(self) -> np.ndarray:
        """Distances from cell to cell in the order of a Fourier transform, (cells,) float32."""
        return (fft.fftfreq(self.cells) * self.cells * self.cell_arcsec).astype(np.float32)

    def pixels(self, light: np.ndarray) -> np.ndarray:
        """Sum (..., cells, cells) into the pixels of the cutout, (..., image_px, image_px)."""
        edge = MARGIN_PX * OVERSAMPLING
        inner = light[..., edge:-edge, edge:-edge]
        steps = [slice(first, None, OVERSAMPLING) for first in range(OVERSAMPLING)]
        return np.sum([inner[..., row, column] for row in steps for column in steps], axis=0)


@dataclass(frozen=True)
class Moffat:
    """Moffat PSF: (1 + (r / alpha)^2)^-beta (Moffat 1969, A&A 3, 455)."""

    fwhm_arcsec: float  # geometric mean of its two axes
    beta: float
    axis_ratio: float = 1.0
    angle: float = 0.0

    def __call__(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return unit flux spread over the cells at column positions `x` (n,) and rows `y` (m,): (m, n)."""
        alpha = self.fwhm_arcsec / (2 * math.sqrt(2 ** (1 / self.beta) - 1))
        along, across = rotate(x, y, self.angle)
        square = along**2 * self.axis_ratio + across**2 / self.axis_ratio
        return unit((1 + square / alpha**2) ** -self.beta)


def unit(light: np.ndarray) -> np.ndarray:
    return light / light.sum()


def rotate(x: np.ndarray, y: np.ndarray, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Return coordinates along and across a direction, (m, n) each, for columns `x` (n,), rows `y` (m,)."""
    cos, sin = math.cos(angle), math.sin(angle)
    return x[None, :] * cos + y[:, None] * sin, y[:, None] * cos - x[None, :] * sin


def sersic(
    canvas: Canvas, radius_arcsec: float, index: float, axis_ratio: float, angle: float
) -> np.ndarray:
    """Return unit flux as exp(-b (r / R)^(1/n)), (cells, cells) float32 (Sersic 1963).

    The half-light radius R is the geometric mean of the two axes; b(n) is the expansion of Ciotti
    and Bertin 1999, A&A 352, 447, good to 1e-4 for n > 0.5.
    """
    along, across = rotate(canvas.axis, canvas.axis, angle)
    square = (along**2 * axis_ratio + across**2 / axis_ratio) / radius_arcsec**2
    b = 2 * index - 1 / 3 + 4 / (405 * index) + 46 / (25515 * index**2)
    return unit(np.exp(-b * square ** (0.5 / index)))


def edge_on_disk(
    canvas: Canvas, scale_length_arcsec: float, scale_height_arcsec: float, angle: float
) -> np.ndarray:
    """Return unit flux as R K1(R) sech^2(z), in scale lengths and heights, (cells, cells) float32.

    An exponential disk seen edge-on (van der Kruit and Searle 1981, A&A 95, 105).
    R K1(R) is taken as exp(-R) sqrt(1 + pi R / 2), which has its limits and is within 7 % between.
    """
    along, across = rotate(canvas.axis, canvas.axis, angle)
    length, height = np.abs(along) / scale_length_arcsec, np.abs(across) / scale_height_arcsec
    decay = np.exp(-2 * height)  # sech^2 written so that it cannot overflow
    return unit(np.exp(-length) * np.sqrt(1 + math.pi / 2 * length) * decay / (1 + decay) ** 2)


def convolve(canvas: Canvas, light: np.ndarray, psf: Moffat, x: float, y: float) -> np.ndarray:
    """Return `light` (K, cells, cells), centered, convolved with the PSF and moved to (x, y)."""
    kernel = fft.rfft2(psf(canvas.lags - np.float32(x), canvas.lags - np.float32(y)))
    return fft.irfft2(fft.rfft2(light) * kernel, s=light.shape[-2:])


def flux_at(
    signal_to_noise: float, image: np.ndarray, sky_nmgy: float, electrons_per_nmgy: float
) -> float:
    """Return the flux (nmgy) at which a source has that signal-to-noise.

    `image` (H, W) is the source at unit flux. The signal-to-noise is that of the matched filter,
    which is the best that any linear measurement of the flux can reach:

        S/N = sqrt(sum over pixels of s^2 / variance),  variance = (sky + s) / electrons per nmgy

    with s = flux x image, noiseless and without neighbors.
    """
    pixels = image[image > 0].astype(np.float64)
    flux = 0.0
    for _ in range(FLUX_ITERATIONS):
        variance = (sky_nmgy + flux * pixels) / electrons_per_nmgy
        flux = signal_to_noise / math.sqrt(float((pixels**2 / variance).sum()))
    return flux


def sky_flux(surface_brightness_mag: np.ndarray, pixel_scale_arcsec: float) -> np.ndarray:
    """Return the flux of the empty sky in a pixel (nmgy), from its magnitude per square arcsec."""
    return 10 ** (0.4 * (ZERO_POINT_MAG - surface_brightness_mag)) * pixel_scale_arcsec**2


def observe(
    rng: np.random.Generator,
    flux: np.ndarray,
    sky_nmgy: np.ndarray,
    electrons_per_nmgy: np.ndarray,
) -> np.ndarray:
    """Return a noisy measurement of `flux` (C, H, W), the mean sky subtracted, float32 nmgy.

    Photon noise of sky and sources in the Gaussian limit; `sky_nmgy` and `electrons_per_nmgy` (C,).
    """
    photons = np.clip(flux, 0, None) + sky_nmgy[:, None, None]
    sigma = np.sqrt(photons / electrons_per_nmgy[:, None, None])
    return (flux + sigma * rng.standard_normal(flux.shape, dtype=np.float32)).astype(np.float32)
