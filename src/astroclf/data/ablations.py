"""Ablations: changes of stored images that remove one kind of information, in linear flux.

Each image stays one that a telescope could have made: what is removed is replaced by sky of the level
and the noise of that image, and the noise that blurring, dimming or resampling takes away is added
again. The input then holds less of the object, and nothing unlike the training images.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from astroclf.data.pixels import Stretch
from astroclf.data.preprocess import display_unit
from astroclf.data.resampling import fine_noise, lost_variance, pixel_noise, resample
from astroclf.data.stretch import from_flux, to_flux

FWHM_TO_SIGMA = 2.3548  # of a Gaussian
BORDER = 10  # the sky is measured in a frame of one tenth of the width


@dataclass(frozen=True)
class AblationSettings:
    """Parameters of the ablations; see conf/inspect/default.yaml."""

    center_fraction: float
    blur_fwhm_px: float
    dim_factor: float


def ablate(
    images: np.ndarray, name: str, settings: AblationSettings, stretch: Stretch, seed: int
) -> np.ndarray:
    """Return changed images, of the shape and dtype of the stored ones.

    images: (N, C, H, W) as a data set stores them. name: of `ABLATIONS`. seed: of the added noise.
    """
    unit = 1.0 if stretch == "linear" else display_unit(images)[0]
    values = torch.from_numpy(np.array(images, np.float32)) / unit
    flux = to_flux(values, stretch)
    noise = Noise(flux, stretch, torch.Generator().manual_seed(seed))
    changed = from_flux(ABLATIONS[name](flux, noise, settings), stretch) * unit
    if images.dtype == np.float32:
        return changed.numpy()
    return np.rint(changed.numpy()).astype(images.dtype)


class Noise:
    """Sky level and pixel noise of a batch, and noise to add to it.

    Pixels that a display stretch has clipped to black have lost their noise: none is added to them,
    since it would be clipped to a background that the file does not have.
    """

    def __init__(self, flux: Tensor, stretch: Stretch, generator: torch.Generator) -> None:
        self.sigma = pixel_noise(flux)
        self.sky = sky_level(flux)
        self.is_clipped = (
            (flux <= 0) if stretch != "linear" else torch.zeros_like(flux, dtype=torch.bool)
        )
        self.generator = generator

    def white(self, shape: torch.Size) -> Tensor:
        """Return Gaussian noise of the sigma of each image and band."""
        return torch.randn(shape, generator=self.generator) * self.sigma

    def add(self, flux: Tensor, noise: Tensor) -> Tensor:
        """Return flux with noise where the image has not been clipped."""
        return flux + noise.masked_fill(self.is_clipped, 0)

    def empty_sky(self, shape: torch.Size) -> Tensor:
        """Return images of sky alone; of clipped images, the level of the sky without noise."""
        black = (self.sigma == 0).expand(shape)
        return self.sky + self.white(shape).masked_fill(black, 0)


def sky_level(flux: Tensor) -> Tensor:
    """Return (B, C, 1, 1): the median of a frame along the border of each image and band."""
    width = max(1, flux.shape[-1] // BORDER)
    inside = torch.zeros(flux.shape[-2:], dtype=torch.bool)
    inside[width:-width, width:-width] = True
    return flux[..., ~inside].median(dim=-1).values[..., None, None]


def show_gray(flux: Tensor, noise: Noise, settings: AblationSettings) -> Tensor:
    """Replace each band by the mean of all: color is gone, shape and brightness stay."""
    return flux.mean(dim=1, keepdim=True).expand_as(flux)


def keep_center(flux: Tensor, noise: Noise, settings: AblationSettings) -> Tensor:
    """Replace everything outside the central disk by sky."""
    return torch.where(disk(flux, settings.center_fraction), flux, noise.empty_sky(flux.shape))


def keep_border(flux: Tensor, noise: Noise, settings: AblationSettings) -> Tensor:
    """Replace the central disk by sky: the object is gone, its surroundings stay."""
    return torch.where(disk(flux, settings.center_fraction), noise.empty_sky(flux.shape), flux)


def disk(flux: Tensor, fraction: float) -> Tensor:
    """Return (H, W) bool: pixels within the central disk whose diameter is a fraction of the width."""
    height, width = flux.shape[-2:]
    rows = torch.arange(height) - (height - 1) / 2
    columns = torch.arange(width) - (width - 1) / 2
    return rows[:, None] ** 2 + columns**2 <= (fraction * min(height, width) / 2) ** 2


def blur(flux: Tensor, noise: Noise, settings: AblationSettings) -> Tensor:
    """Convolve with a Gaussian, as worse seeing would, at the same pixel noise.

    White noise of power 1 has the power |K|^2 after a convolution with K; noise of power 1 - |K|^2 is
    added, so that it is white again.
    """
    sigma = settings.blur_fwhm_px / FWHM_TO_SIGMA
    half = min(max(1, int(np.ceil(4 * sigma))), min(flux.shape[-2:]) - 1)
    offsets = torch.arange(-half, half + 1, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = kernel / kernel.sum()
    channels = flux.shape[1]
    padded = F.pad(flux, (half, half, half, half), mode="reflect")
    across = F.conv2d(padded, kernel.expand(channels, 1, 1, -1), groups=channels)
    seen = F.conv2d(across, kernel[:, None].expand(channels, 1, -1, 1), groups=channels)
    return noise.add(seen, filtered(noise.white(flux.shape), kernel))


def filtered(white: Tensor, kernel: Tensor) -> Tensor:
    """Return white noise whose power is multiplied by 1 - |K|^2, K being the transfer function of the
    convolution with a symmetric kernel (n,) along both axes."""
    height, width = white.shape[-2:]
    half = len(kernel) // 2
    offsets = torch.arange(-half, half + 1)

    def transfer(frequencies: Tensor) -> Tensor:
        return torch.cos(2 * torch.pi * frequencies[:, None] * offsets) @ kernel

    across = transfer(torch.fft.rfftfreq(width))
    along = transfer(torch.fft.fftfreq(height))
    power = (1 - (along[:, None] * across) ** 2).clamp(min=0)
    return torch.fft.irfft2(torch.fft.rfft2(white) * power.sqrt(), s=(height, width))


def dim(flux: Tensor, noise: Noise, settings: AblationSettings) -> Tensor:
    """Multiply the flux above the sky by a factor, as a fainter or more distant object, at the same noise.

    The noise of the sky is kept; the photon noise of the source itself, which is smaller in faint
    images, is dimmed with it.
    """
    factor = settings.dim_factor
    seen = noise.sky + factor * (flux - noise.sky)
    return noise.add(seen, noise.white(flux.shape) * (1 - factor**2) ** 0.5)


def rotate_90(flux: Tensor, noise: Noise, settings: AblationSettings) -> Tensor:
    """Turn by 90 degrees, which resamples nothing."""
    return flux.rot90(1, (-2, -1))


def rotate_45(flux: Tensor, noise: Noise, settings: AblationSettings) -> Tensor:
    """Turn by 45 degrees, bicubic with reflected corners, and add the noise that resampling averages out."""
    turn = 0.5**0.5
    matrix = torch.tensor([[turn, -turn, 0.0], [turn, turn, 0.0]]).expand(len(flux), 2, 3)
    grid = F.affine_grid(matrix, list(flux.shape), align_corners=False)
    lost = fine_noise(flux.shape, noise.generator) * lost_variance(grid).sqrt() * noise.sigma
    return noise.add(resample(flux, grid), lost)


ABLATIONS: Mapping[str, Callable[[Tensor, Noise, AblationSettings], Tensor]] = {
    "gray": show_gray,
    "center": keep_center,
    "border": keep_border,
    "blur": blur,
    "dim": dim,
    "rotate_90": rotate_90,
    "rotate_45": rotate_45,
}
