"""Random views of training images, drawn for a whole batch at once on its device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from astroclf.data.pixels import Stretch
from astroclf.data.resampling import draw_grid, fine_noise, lost_variance, pixel_noise, resample
from astroclf.data.stretch import from_flux, to_flux
from astroclf.settings import sections

if TYPE_CHECKING:
    from torch import Tensor

# How many exact views of an image an augmentation draws from; the first is the image itself.
VIEWS = {"none": 1, "flips": 4, "dihedral": 8}


def augment(
    values: Tensor, settings: sections.Augment | sections.Sky, stretch: Stretch, seed: int
) -> Tensor:
    """Random views of a batch.

    values: (B, C, H, W) float32 as `Preprocess.scale` gives them. The same seed draws the same
    views on every device; noise alone differs between kinds of device.
    """
    if settings.name == "none":
        return values
    if isinstance(settings, sections.Sky):
        return _expose(values, settings, stretch, torch.Generator().manual_seed(seed))
    return show_views(values, draw_views(settings.name, len(values), seed).to(values.device))


def draw_views(name: str, batch: int, seed: int) -> Tensor:
    """(B,) int64: which of the `VIEWS` of that augmentation each image shows.

    Drawn on the CPU, so that every device sees the same views.
    """
    return torch.randint(VIEWS[name], (batch,), generator=torch.Generator().manual_seed(seed))


def show_views(values: Tensor, views: Tensor) -> Tensor:
    """Show each image of a batch in its own exact view; views: (B,) int64 as in `draw_views`."""
    return turn(values, (views & 4).bool(), (views & 1).bool(), (views & 2).bool())


def show_view(values: Tensor, view: int) -> Tensor:
    """One view of a whole batch: 0 is the image itself, and the bits of the number are flips and a
    transposition as in `augment`."""
    if view & 4:
        values = values.transpose(-1, -2)
    flipped = [axis for bit, axis in ((1, -1), (2, -2)) if view & bit]
    return values.flip(flipped) if flipped else values


def turn(values: Tensor, transpose: Tensor, flip_x: Tensor, flip_y: Tensor) -> Tensor:
    """One of the 8 exact views of a square for each image.

    values: (B, C, H, H). transpose, flip_x, flip_y: (B,) bool; a transposition followed by the two
    flips reaches every element of the symmetry group of the square.
    """
    pick = (-1, 1, 1, 1)
    values = torch.where(transpose.view(pick), values.transpose(-1, -2), values)
    values = torch.where(flip_x.view(pick), values.flip(-1), values)
    return torch.where(flip_y.view(pick), values.flip(-2), values)


def _expose(
    values: Tensor, settings: sections.Sky, stretch: Stretch, generator: torch.Generator
) -> Tensor:
    """Return views under another angle, pointing and transparency, computed in linear flux.

    Resampling averages noise away, so that training images would be smoother than those of val and
    test; `noise: auto` adds what is missing, of the level of each image and band and from pixel to
    pixel alone: white noise would also bury the sources, whose light resampling keeps.
    """
    flux = to_flux(values, stretch)
    grid = draw_grid(
        flux.shape, rotation=settings.rotation, shift_px=settings.shift_px, generator=generator
    ).to(flux.device)
    gain = 1 + (torch.rand(len(flux), generator=generator) * 2 - 1) * settings.brightness
    seed = int(torch.randint(2**62, (1,), generator=generator))
    seen = resample(flux, grid)
    if settings.noise != 0:
        # Drawn where it is used: noise for every pixel is too much to carry to the device.
        local = torch.Generator(flux.device).manual_seed(seed)
        if settings.noise == "auto":
            noise = fine_noise(flux.shape, local) * lost_variance(grid).sqrt()
        else:
            noise = torch.randn(flux.shape, generator=local, device=flux.device) * settings.noise
        noise = noise * pixel_noise(flux)
        # Noise on black pixels would be clipped to a background that the file does not have.
        seen = seen + (noise if stretch == "linear" else noise * (seen > 0))
    return from_flux(seen * gain.to(flux.device).view(-1, 1, 1, 1), stretch)
