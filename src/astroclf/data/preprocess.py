"""Preprocessing: from stored pixels to the input of a network."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from astroclf.data.dataset import TRAIN, ImageDataset
from astroclf.data.flux_curve import FluxCurve, fit_flux_curve, plain_asinh
from astroclf.data.memory_map import BoundedReader
from astroclf.data.pixels import Stretch
from astroclf.settings import sections

CHUNK_BYTES = 2**25  # read at a time, so that statistics of a memory map need little memory
MOMENTS_BYTES = 2**30  # of training images, beyond which a sample of that size has the same moments
# Pixels that are enough to estimate the noise of the sky.
NOISE_SAMPLE = 2_000_000
log = logging.getLogger(__name__)

ASINH = sections.AsinhFlux(name="asinh", softening=1.0, scale="auto")


@dataclass(frozen=True)
class Preprocess:
    """Scaling and normalization of stored pixels; part of every trained model.

    stretch: how stored values encode flux.
    unit: divisor of stored values, one number per band: 255 or 65535 for display images, the noise of
        the sky for linear flux.
    mean, std: one number per band, of the training images after all of the above and, for linear
        flux, after its curve.
    curve: stretch of linear flux, asinh where none is given; None for images stretched for display.
    """

    stretch: Stretch
    unit: tuple[float, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    curve: FluxCurve | None = None

    def __post_init__(self) -> None:
        if self.stretch == "linear" and self.curve is None:  # of a version with asinh alone
            object.__setattr__(self, "curve", plain_asinh(len(self.unit)))

    def scale(self, stored: torch.Tensor) -> torch.Tensor:
        """Return (B, C, H, W) float32: display values in 0-1, or flux in units of the sky noise."""
        return stored.float() / _per_band(self.unit, stored.device)

    def normalize(self, values: torch.Tensor) -> torch.Tensor:
        """Return (B, C, H, W) float32 of mean 0 and variance 1 over the training images."""
        if self.curve is not None:
            values = self.curve(values)
        device = values.device
        return (values - _per_band(self.mean, device)).div_(_per_band(self.std, device))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Preprocess:
        curve = stored.get("curve")
        return cls(
            stretch=stored["stretch"],
            unit=tuple(stored["unit"]),
            mean=tuple(stored["mean"]),
            std=tuple(stored["std"]),
            curve=None if curve is None else FluxCurve.from_dict(curve),
        )


def fit_preprocess(dataset: ImageDataset, flux: sections.Flux = ASINH) -> Preprocess:
    """Return preprocessing with statistics of the training split alone; above a GiB, of a sample of it.

    flux: stretch of images of linear flux. Raise UserError as `fit_flux_curve`.
    """
    images, train = dataset.images, dataset.indices(TRAIN)
    stretch, curve = dataset.pixels.stretch, None
    if stretch == "linear":
        sample = _noise_sample(images, train)
        unit = _sky_noise(sample)
        curve = fit_flux_curve(flux, dataset.pixels.bands, unit, sample)
    else:
        unit = display_unit(images)
    zeros, ones = (0.0,) * dataset.channels, (1.0,) * dataset.channels
    unscaled = Preprocess(stretch, unit, zeros, ones, curve)
    mean, std = _moments(unscaled, images, _moments_sample(images, train))
    return Preprocess(stretch, unit, mean, std, curve)


def display_unit(images: np.ndarray) -> tuple[float, ...]:
    """Return the unit of images (N, C, H, W) stretched for display: the largest value of their dtype."""
    return (255.0 if images.dtype == np.uint8 else 65535.0,) * int(images.shape[1])


def _per_band(numbers: tuple[float, ...], device: torch.device) -> torch.Tensor:
    return torch.tensor(numbers, device=device).view(1, -1, 1, 1)


def _chunks(images: np.ndarray, rows: np.ndarray) -> Iterator[np.ndarray]:
    return BoundedReader(images).chunks(rows, max(1, CHUNK_BYTES // images[:1].nbytes))


def _moments_sample(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return evenly spaced rows of a GiB at most."""
    most = max(1, MOMENTS_BYTES // images[:1].nbytes)
    if len(rows) <= most:
        return rows
    log.info(
        "Mean and standard deviation of the bands are those of %s of %s training images, evenly spaced.",
        f"{most:,}",
        f"{len(rows):,}",
    )
    return _evenly_spaced(rows, most)


def _evenly_spaced(rows: np.ndarray, count: int) -> np.ndarray:
    return rows[np.linspace(0, len(rows) - 1, count).astype(int)]


def _moments(
    preprocess: Preprocess, images: np.ndarray, rows: np.ndarray
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean and standard deviation of each band over the given rows."""
    if images.dtype == np.uint8:
        return _moments_of_bytes(preprocess, images, rows)
    sums = torch.zeros(images.shape[1], dtype=torch.float64)
    squares, count = torch.zeros_like(sums), 0
    for chunk in _chunks(images, rows):
        values = preprocess.normalize(preprocess.scale(torch.from_numpy(chunk))).double()
        sums += values.sum(dim=(0, 2, 3))
        squares += values.square().sum(dim=(0, 2, 3))
        count += values.shape[0] * values.shape[2] * values.shape[3]
    mean = sums / count
    variance = (squares / count - mean.square()).clamp(min=0)
    return tuple(mean.tolist()), _safe_std(variance)


def _moments_of_bytes(
    preprocess: Preprocess, images: np.ndarray, rows: np.ndarray
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return `_moments` from the histogram of the 256 values: exact, and many times faster."""
    bands = images.shape[1]
    counts = np.zeros((bands, 256))
    for chunk in _chunks(images, rows):
        for band in range(bands):
            counts[band] += np.bincount(chunk[:, band].ravel(), minlength=256)
    every = torch.arange(256, dtype=torch.uint8).expand(bands, -1).view(1, bands, 256, 1)
    values = preprocess.normalize(preprocess.scale(every)).double().view(bands, 256)
    shares = torch.from_numpy(counts / counts.sum(axis=1, keepdims=True))
    mean = (shares * values).sum(dim=1)
    variance = (shares * (values - mean[:, None]).square()).sum(dim=1)
    return tuple(mean.tolist()), _safe_std(variance)


def _safe_std(variance: torch.Tensor) -> tuple[float, ...]:
    # A constant band has no variance; dividing by 1 keeps it finite.
    std = torch.where(variance > 1e-12, variance.sqrt(), torch.ones_like(variance))
    return tuple(std.tolist())


def _noise_sample(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return (n, C, H, W) float32 of evenly spaced rows, with pixels enough for the noise of the sky."""
    per_band = images.shape[2] * images.shape[3]
    wanted = max(1, min(len(rows), NOISE_SAMPLE // per_band))
    return images[_evenly_spaced(rows, wanted)].astype(np.float32)


def _sky_noise(sample: np.ndarray) -> tuple[float, ...]:
    """Return the sky noise of each band: 1.4826 times the median absolute deviation of its pixels."""
    median = np.median(sample, axis=(0, 2, 3), keepdims=True)
    noise = 1.4826 * np.median(np.abs(sample - median), axis=(0, 2, 3))
    spread = sample.std(axis=(0, 2, 3))
    return tuple(float(n) if n > 0 else float(s) or 1.0 for n, s in zip(noise, spread, strict=True))
