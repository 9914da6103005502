"""Data augmentation: random views of a batch of training images, computed on its device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from astroclf.data.pixels import Stretch
from astroclf.data.resampling import draw_grid, fine_noise, lost_variance, pixel_noise, resample
from astroclf.data.stretch import from_flux, to_flux
from astroclf.errors import UserError
from astroclf.settings import sections
from astroclf.settings.targets import import_target

if TYPE_CHECKING:
    from torch import Tensor

# Number of exact views that an augmentation draws from; the first is the image itself.
VIEWS = {"none": 1, "flips": 4, "dihedral": 8}


def augment(values: Tensor, settings: sections.Augment, stretch: Stretch, seed: int) -> Tensor:
    """Return randomly augmented images.

    values: (B, C, H, W) float32 of `Preprocess.scale`. The same seed draws the same views on every
    device; only noise differs between kinds of device.
    """
    if settings.name == "none":
        return values
    if isinstance(settings, sections.CustomAugment):
        return _custom_views(values, settings, seed)
    if isinstance(settings, sections.Sky):
        return _augment_sky(values, settings, stretch, torch.Generator().manual_seed(seed))
    return show_views(values, draw_views(settings.name, len(values), seed).to(values.device))


def _custom_views(values: Tensor, settings: sections.CustomAugment, seed: int) -> Tensor:
    """Return the views of the user's function; raises UserError for another shape or type."""
    generator = torch.Generator().manual_seed(seed)
    views = import_target(settings.target)(values, generator, **settings.kwargs)
    if not isinstance(views, torch.Tensor) or (views.shape, views.dtype) != (
        values.shape,
        values.dtype,
    ):
        kind = f"{tuple(views.shape)} {views.dtype}" if hasattr(views, "dtype") else type(views)
        raise UserError(
            f"augment.target={settings.target}: returned {kind} for images {tuple(values.shape)} {values.dtype}. "
            "Return a tensor of the same shape and type."
        )
    return views


def draw_views(name: str, batch: int, seed: int) -> Tensor:
    """Return a random view for each image, (B,) int64 below `VIEWS[name]`.

    Drawn on the CPU, so that the views are the same on every device.
    """
    return torch.randint(VIEWS[name], (batch,), generator=torch.Generator().manual_seed(seed))


def show_views(values: Tensor, views: Tensor) -> Tensor:
    """Return a batch with each image in an exact view of its own.

    values: (B, C, H, H), of any type. views: (B,) int64; bit 2 is a transposition, followed by flips of the columns
    (bit 0) and rows (bit 1), which reach every element of the symmetry group of the square.
    """
    if values.device.type == "cpu":
        return _show_by_view(values, views)
    # On a GPU, groups of images would wait for their sizes.
    views = views.view(-1, 1, 1, 1)
    values = torch.where((views & 4).bool(), values.transpose(-1, -2), values)
    values = torch.where((views & 1).bool(), values.flip(-1), values)
    return torch.where((views & 2).bool(), values.flip(-2), values)


def _show_by_view(values: Tensor, views: Tensor) -> Tensor:
    """Return `show_views`, all images of one view at a time: each pixel is copied twice at most."""
    shown = torch.empty_like(values)
    for view in views.unique().tolist():
        chosen = (views == view).nonzero().flatten()
        shown[chosen] = show_view(values[chosen], view)
    return shown


def show_view(values: Tensor, view: int) -> Tensor:
    """Return a batch with every image in the same exact view; 0 is the image itself, and the bits are
    those of `show_views`."""
    if view & 4:
        values = values.transpose(-1, -2)
    flipped = [axis for bit, axis in ((1, -1), (2, -2)) if view & bit]
    return values.flip(flipped) if flipped else values


def _augment_sky(
    values: Tensor, settings: sections.Sky, stretch: Stretch, generator: torch.Generator
) -> Tensor:
    """Return images rotated, shifted and scaled in brightness, computed in linear flux.

    Resampling averages noise away, so that training images would be smoother than those of val and
    test. `noise: auto` adds the lost noise, of the level of each image and band, from pixel to pixel
    alone: white noise would also hide the sources, whose light resampling keeps.
    """
    flux = to_flux(values, stretch)
    grid = draw_grid(
        flux.shape, rotation=settings.rotation, shift_px=settings.shift_px, generator=generator
    ).to(flux.device)
    gain = 1 + (torch.rand(len(flux), generator=generator) * 2 - 1) * settings.brightness
    seed = int(torch.randint(2**62, (1,), generator=generator))
    seen = resample(flux, grid)
    if settings.noise != 0:
        # Drawn on the device: noise for every pixel is slow to copy there.
        local = torch.Generator(flux.device).manual_seed(seed)
        if settings.noise == "auto":
            noise = fine_noise(flux.shape, local) * lost_variance(grid).sqrt()
        else:
            noise = torch.randn(flux.shape, generator=local, device=flux.device) * settings.noise
        noise = noise * pixel_noise(flux)
        # Noise on black pixels would be clipped to a background that the file does not have.
        seen = seen + (noise if stretch == "linear" else noise * (seen > 0))
    return from_flux(seen * gain.to(flux.device).view(-1, 1, 1, 1), stretch)
