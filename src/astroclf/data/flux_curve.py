"""Stretch of linear flux before the network, with parameters per band."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from astroclf.errors import UserError, listed
from astroclf.settings import sections

Curve = Literal["asinh", "log", "sqrt", "zscale", "none"]
NANOMAGGIES = 1e9  # of one maggie


def _signed_log(values: Tensor) -> Tensor:
    return values.sign() * values.abs().log1p()


def _signed_sqrt(values: Tensor) -> Tensor:
    return values.sign() * ((1 + values.abs()).sqrt() - 1)


def _asinh(values: Tensor) -> Tensor:
    """Return asinh. On a CPU, numpy's has vector instructions and is up to 25 times faster; it has no
    gradient and no place in an exported graph."""
    is_plain = values.device.type == "cpu" and not values.requires_grad
    if is_plain and not torch.compiler.is_compiling() and not torch.jit.is_tracing():
        return torch.from_numpy(np.arcsinh(values.numpy()))
    return values.asinh()


CURVES: dict[str, Callable[[Tensor], Tensor]] = {
    "asinh": _asinh,
    "log": _signed_log,
    "sqrt": _signed_sqrt,
    "zscale": lambda values: values.clamp(0, 1),
    "none": lambda values: values,
}


@dataclass(frozen=True)
class FluxCurve:
    """Function f((x - zero) / softening) of the flux x in units of the sky noise.

    name: of f: asinh(v), sign(v) log(1 + |v|), sign(v) (sqrt(1 + |v|) - 1), v clipped to 0-1
    (zscale), or v. zero, softening: one number per band.
    """

    name: Curve
    zero: tuple[float, ...]
    softening: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.name not in get_args(Curve):
            raise ValueError(f"{self.name} is no stretch of flux")
        if len(self.zero) != len(self.softening) or not all(s > 0 for s in self.softening):
            raise ValueError("a stretch of flux has one zero and one softening > 0 for each band")

    @property
    def is_plain(self) -> bool:
        """True if zero and softening change nothing."""
        return set(self.zero) == {0.0} and set(self.softening) == {1.0}

    def __call__(self, flux: Tensor) -> Tensor:
        """Return (B, C, H, W) stretched values of flux in units of the sky noise."""
        if not self.is_plain:
            zero, softening = (
                torch.tensor(numbers, dtype=flux.dtype, device=flux.device).view(1, -1, 1, 1)
                for numbers in (self.zero, self.softening)
            )
            flux = (flux - zero) / softening
        return CURVES[self.name](flux)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> FluxCurve:
        """Return the curve whose fields these are. Raises ValueError for others."""
        return cls(stored["name"], tuple(stored["zero"]), tuple(stored["softening"]))


def plain_asinh(n_bands: int) -> FluxCurve:
    """Return asinh of the flux in units of the sky noise."""
    return FluxCurve("asinh", (0.0,) * n_bands, (1.0,) * n_bands)


def fit_flux_curve(
    settings: sections.Flux, bands: Sequence[str], unit: Sequence[float], sample: np.ndarray
) -> FluxCurve:
    """Return the stretch of the settings, for flux in units of `unit`.

    unit: sky noise of each band. sample: (n, C, H, W) training images.

    Raise UserError for a list of another length than the bands, for bands without a published b, and
    for a missing astropy.
    """
    n_bands, noise = len(bands), np.asarray(unit, float)
    zero, softening = np.zeros(n_bands), np.ones(n_bands)
    name: Curve = "asinh" if settings.name == "luptitudes" else settings.name
    if isinstance(settings, sections.Luptitudes):
        softening = _luptitude_softening(settings, bands) / noise
    elif isinstance(settings, sections.ZscaleFlux):
        low, high = _zscale_limits(sample, settings.contrast)
        zero, softening = low / noise, np.maximum(high - low, 1e-6 * noise) / noise
    else:
        if settings.scale != "auto":
            softening = per_band(settings.scale, bands, "flux.scale") / noise
        if isinstance(settings, sections.AsinhFlux):
            softening = softening * per_band(settings.softening, bands, "flux.softening")
    return FluxCurve(name, tuple(zero.tolist()), tuple(softening.tolist()))


def per_band(numbers: float | tuple[float, ...], bands: Sequence[str], key: str) -> np.ndarray:
    """Return (C,) float64. Raise UserError for a list of another length than the bands."""
    values = np.atleast_1d(np.asarray(numbers, float))
    if len(values) not in (1, len(bands)):
        raise UserError(
            f"{key} has {len(values)} numbers for {len(bands)} bands ({listed(bands)}). Give one number, or one per band."
        )
    return np.broadcast_to(values, (len(bands),))


def _luptitude_softening(settings: sections.Luptitudes, bands: Sequence[str]) -> np.ndarray:
    """Return 2b of each band in units of the images."""
    unknown = [band for band in bands if band not in settings.b]
    if unknown:
        raise UserError(
            f"flux=luptitudes: band {unknown[0]} has no b, only {listed(settings.b)}. Add it as "
            f"+flux.b.{unknown[0]}=<b in maggies>, name the bands (dataset.bands), or choose flux=asinh."
        )
    b = np.array([settings.b[band] for band in bands])
    return 2 * b * NANOMAGGIES / settings.nanomaggies


def _zscale_limits(sample: np.ndarray, contrast: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper limits of each band, (C,) each."""
    try:
        from astropy.visualization import ZScaleInterval
    except ImportError as error:
        raise UserError("flux=zscale needs astropy. Run: pip install 'astroclf[fits]'") from error
    interval = ZScaleInterval(n_samples=min(100_000, sample[:, 0].size), contrast=contrast)
    limits = [interval.get_limits(sample[:, band]) for band in range(sample.shape[1])]
    low, high = np.array(limits, float).T
    return low, high
