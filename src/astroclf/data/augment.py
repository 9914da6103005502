"""Random views of training images, drawn for a whole batch at once on its device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from astroclf.data.dataset import Stretch
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
    generator = torch.Generator().manual_seed(seed)
    if isinstance(settings, sections.Sky):
        moved = _rotate_and_shift(values, settings, generator)
        return _expose(moved, settings, stretch, generator)
    views = draw_views(settings.name, len(values), seed).to(values.device)
    return turn(values, (views & 4).bool(), (views & 1).bool(), (views & 2).bool())


def draw_views(name: str, batch: int, seed: int) -> Tensor:
    """(B,) int64: which of the `VIEWS` of that augmentation each image shows.

    Drawn on the CPU, so that every device sees the same views.
    """
    return torch.randint(VIEWS[name], (batch,), generator=torch.Generator().manual_seed(seed))


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


def _rotate_and_shift(values: Tensor, settings: sections.Sky, generator: torch.Generator) -> Tensor:
    """Mirror, turn by any angle and move each image in one interpolation; edges are reflected."""
    batch, image_px = len(values), values.shape[-1]
    angle, mirror = torch.zeros(batch), torch.ones(batch)
    if settings.rotation:
        angle = torch.rand(batch, generator=generator) * (2 * torch.pi)
        mirror = torch.randint(2, (batch,), generator=generator) * 2.0 - 1.0
    # Sampling positions run from -1 to 1 over the image, so one pixel is 2 / image_px.
    shift = (torch.rand(2, batch, generator=generator) * 2 - 1) * settings.shift_px * 2 / image_px
    cos, sin = angle.cos(), angle.sin()
    matrix = torch.stack([mirror * cos, -sin, shift[0], mirror * sin, cos, shift[1]], dim=1)
    grid = F.affine_grid(
        matrix.view(batch, 2, 3).to(values.device), list(values.shape), align_corners=False
    )
    return F.grid_sample(values, grid, padding_mode="reflection", align_corners=False)


def _expose(
    values: Tensor, settings: sections.Sky, stretch: Stretch, generator: torch.Generator
) -> Tensor:
    """Another transparency and more noise, in linear flux."""
    flux = to_flux(values, stretch)
    gain = 1 + (torch.rand(len(values), generator=generator) * 2 - 1) * settings.brightness
    flux = flux * gain.to(values.device).view(-1, 1, 1, 1)
    if settings.noise > 0:
        peak = flux.amax(dim=(1, 2, 3), keepdim=True)
        # Drawn where it is used: noise for every pixel is too much to carry to the device.
        seed = int(torch.randint(2**62, (1,), generator=generator))
        local = torch.Generator(values.device).manual_seed(seed)
        noise = torch.randn(flux.shape, generator=local, device=values.device)
        flux = flux + settings.noise * peak * noise
    return from_flux(flux, stretch)
