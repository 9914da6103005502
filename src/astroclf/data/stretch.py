"""Conversion between flux and the values of images stretched for display.

`asinh`: v = asinh(f / b) / asinh(1 / b) with softening b = 0.1 (Lupton et al. 2004, PASP 116, 133),
the curve of SDSS, Legacy Survey and Galaxy Zoo color images, whose own softening varies by survey.
`srgb`: the transfer curve of IEC 61966-2-1. `linear`: values are flux.
"""

from __future__ import annotations

import math

import torch

from astroclf.data.pixels import Stretch

ASINH_SOFTENING = 0.1
_ASINH_SCALE = math.asinh(1 / ASINH_SOFTENING)


def to_flux(values: torch.Tensor, stretch: Stretch) -> torch.Tensor:
    """Return the linear flux, 0-1, of display values, 0-1; linear values are returned unchanged."""
    if stretch == "asinh":
        return torch.sinh(values * _ASINH_SCALE) * ASINH_SOFTENING
    if stretch == "srgb":
        curved = ((values.clamp(min=0) + 0.055) / 1.055) ** 2.4
        return torch.where(values <= 0.04045, values / 12.92, curved)
    return values


def from_flux(flux: torch.Tensor, stretch: Stretch) -> torch.Tensor:
    """Return the display values of linear flux, clipped to 0-1 as in a file; linear flux is not clipped."""
    if stretch == "asinh":
        return (torch.asinh(flux / ASINH_SOFTENING) / _ASINH_SCALE).clamp(0, 1)
    if stretch == "srgb":
        curved = 1.055 * flux.clamp(min=0) ** (1 / 2.4) - 0.055
        return torch.where(flux <= 0.0031308, flux * 12.92, curved).clamp(0, 1)
    return flux
