from __future__ import annotations

import pytest
import torch

from astroclf.data.resampling import (
    draw_grid,
    fine_noise,
    lost_variance,
    pixel_noise,
    resample,
)


def make_grid(px: int = 24, batch: int = 3, *, rotation: bool = True) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    shape = torch.Size((batch, 1, px, px))
    return draw_grid(shape, rotation=rotation, shift_px=1.0, generator=generator)


def test_lost_variance_is_that_of_resampled_white_noise() -> None:
    grid = make_grid()
    noise = torch.randn(4000, 24, 24)
    for image, lost in zip(grid, lost_variance(grid)[:, 0], strict=True):
        seen = resample(noise[None], image[None])[0]
        inner = slice(7, 17)  # away from edges, whose reflection repeats pixels
        found = seen.var(dim=0)[inner, inner]
        torch.testing.assert_close(found, 1 - lost[inner, inner], atol=0.12, rtol=0)
        assert float((found - 1 + lost[inner, inner]).mean().abs()) < 0.01


def test_lost_variance_is_zero_without_motion() -> None:
    shape = torch.Size((2, 1, 9, 9))
    still = draw_grid(shape, rotation=False, shift_px=0.0, generator=torch.Generator())
    images = torch.randn(shape)
    torch.testing.assert_close(resample(images, still), images, atol=1e-5, rtol=0)
    assert float(lost_variance(still).max()) < 1e-5


def test_fine_noise_has_variance_1_and_hides_no_source() -> None:
    noise = fine_noise(torch.Size((200, 2, 32, 32)), torch.Generator().manual_seed(0))
    assert noise.shape == (200, 2, 32, 32)
    assert float(noise.var()) == pytest.approx(1.0, abs=0.01)
    white = torch.randn(noise.shape)
    axis = torch.arange(32) - 15.5
    star = torch.exp(-(axis[:, None] ** 2 + axis[None] ** 2) / (2 * 1.3**2))
    found = [float((image * star).sum(dim=(-2, -1)).std()) for image in (noise, white)]
    assert found[0] < 0.4 * found[1]


@pytest.mark.parametrize("sigma", [0.1, 3.0])
def test_pixel_noise_is_independent_of_smooth_light(sigma: float) -> None:
    generator = torch.Generator().manual_seed(0)
    axis = torch.arange(48) - 23.5
    galaxy = 50 * torch.exp(-(axis[:, None] ** 2 + axis[None] ** 2) / (2 * 12.0**2))
    images = sigma * torch.randn(20, 2, 48, 48, generator=generator) + galaxy
    found = pixel_noise(images)
    assert found.shape == (20, 2, 1, 1)
    assert float(found.mean()) == pytest.approx(sigma, rel=0.15)
    assert float(pixel_noise(torch.full((1, 1, 8, 8), 7.0))) == 0
    assert float(pixel_noise(torch.ones(1, 1, 2, 2))) == 0
