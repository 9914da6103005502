"""Bicubic resampling of images, and the pixel noise that it averages away."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

MAD_TO_SIGMA = 1.4826
LAPLACIAN_SIGMA = 6.0  # of [1, -2, 1] along both axes, for white noise of sigma 1
CLIP_SIGMA = 3.0
FINE_NOISE_VARIANCE = 1 - 2 / 4 + (3 / 8) ** 2  # of white noise less its binomial mean
ENOUGH_PX = 32  # from this width on, every other pixel along each axis is enough to measure noise


def draw_grid(
    shape: torch.Size, *, rotation: bool, shift_px: float, generator: torch.Generator
) -> Tensor:
    """Return (B, H, W, 2) sampling positions, -1 to 1 over the image, for images of (B, C, H, W).

    rotation: mirror at random and turn by any angle. shift_px: largest move in x and in y.
    """
    batch, image_px = shape[0], shape[-1]
    angle, mirror = torch.zeros(batch), torch.ones(batch)
    if rotation:
        angle = torch.rand(batch, generator=generator) * (2 * torch.pi)
        mirror = torch.randint(2, (batch,), generator=generator) * 2.0 - 1.0
    # One pixel is 2 / image_px.
    shift = (torch.rand(2, batch, generator=generator) * 2 - 1) * shift_px * 2 / image_px
    cos, sin = angle.cos(), angle.sin()
    matrix = torch.stack([mirror * cos, -sin, shift[0], mirror * sin, cos, shift[1]], dim=1)
    return F.affine_grid(matrix.view(batch, 2, 3), list(shape), align_corners=False)


def resample(values: Tensor, grid: Tensor) -> Tensor:
    """Return (B, C, H, W) values at the positions of a grid (B, H, W, 2); edges are reflected.

    Bicubic, since bilinear sampling blurs the PSF and the noise of each image by another amount.
    """
    return F.grid_sample(
        values, grid, mode="bicubic", padding_mode="reflection", align_corners=False
    )


def lost_variance(grid: Tensor) -> Tensor:
    """Return (B, 1, H, W): the fraction of the variance of white noise that `resample` removes at each
    position of the grid.

    The four weights of the cubic convolution kernel (Keys 1981, IEEE Trans. ASSP 29, 1153, with
    a = -3/4 as in PyTorch) at a fraction f between two pixels have the sum of squares
    1 - 27/8 u^2 - 17/4 u^3, with u = f (1 - f); what both axes keep is multiplied.
    """
    px = torch.tensor([grid.shape[2], grid.shape[1]], device=grid.device)
    position = (grid + 1) * (px / 2) - 0.5
    fraction = position - position.floor()
    u = fraction * (1 - fraction)
    kept = 1 - u * u * (3.375 + 4.25 * u)
    return (1 - kept[..., 0] * kept[..., 1]).unsqueeze(1)


def fine_noise(shape: torch.Size, generator: torch.Generator) -> Tensor:
    """Return (B, C, H, W) Gaussian noise of variance 1 without low frequencies, as the noise that
    `resample` removes: white noise minus its binomial mean over 3 x 3 pixels."""
    height, width = shape[-2:]
    padded = (*shape[:2], height + 2, width + 2)
    white = torch.randn(padded, generator=generator, device=generator.device)
    mean = F.avg_pool2d(F.avg_pool2d(white, 2, stride=1), 2, stride=1)
    return (white[..., 1:-1, 1:-1] - mean) / FINE_NOISE_VARIANCE**0.5


def pixel_noise(flux: Tensor) -> Tensor:
    """Return (B, C, 1, 1): sigma of the noise from pixel to pixel in each band of each image.

    From the median absolute value of the Laplacian (Immerkaer 1996, CVIU 64, 300), clipped once: smooth
    light, such as that of a galaxy that fills the image, and a few sharp sources contribute little.
    """
    if min(flux.shape[-2:]) < 3:
        return flux.new_zeros(*flux.shape[:2], 1, 1)
    rows = flux[..., :-2, :] - 2 * flux[..., 1:-1, :] + flux[..., 2:, :]
    laplacian = rows[..., :-2] - 2 * rows[..., 1:-1] + rows[..., 2:]
    step = 2 if flux.shape[-1] >= ENOUGH_PX else 1
    curvature = laplacian[..., ::step, ::step].flatten(2).abs()
    median = curvature.median(dim=-1, keepdim=True).values
    sharp = curvature > CLIP_SIGMA * MAD_TO_SIGMA * median
    median = curvature.masked_fill(sharp, torch.nan).nanmedian(dim=-1).values
    return (MAD_TO_SIGMA / LAPLACIAN_SIGMA * median)[..., None, None]
