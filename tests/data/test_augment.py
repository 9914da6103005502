from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from torch import Tensor

from astroclf.data.augment import augment, show_views
from astroclf.data.stretch import from_flux, to_flux
from astroclf.errors import UserError
from astroclf.settings import Settings


def eight_views(image: Tensor) -> list[Tensor]:
    """Return the symmetries of the square: four rotations of an image and of its mirror image."""
    return [
        torch.rot90(seen, turns, (-2, -1)) for seen in (image, image.flip(-1)) for turns in range(4)
    ]


def distinct_pixels(px: int = 4, channels: int = 2) -> Tensor:
    return torch.arange(channels * px * px, dtype=torch.float32).view(channels, px, px)


def draw_star(px: int = 32, channels: int = 3) -> Tensor:
    """(1, C, H, W): a round source well inside the image, of another flux in each band."""
    axis = torch.arange(px) - (px - 1) / 2
    profile = torch.exp(-(axis[:, None] ** 2 + axis[None] ** 2) / (2 * 2.5**2))
    return torch.stack([(band + 1) / channels * profile for band in range(channels)])[None]


def sky(settings: Any, **values: Any) -> Settings:
    still = {"rotation": "false", "shift_px": 0, "brightness": 0, "noise": 0, **values}
    return settings("augment=sky", *(f"augment.{k}={v}" for k, v in still.items())).augment


@pytest.mark.parametrize(("name", "expected"), [("dihedral", range(8)), ("flips", [0, 2, 4, 6])])
def test_all_eight_exact_views_are_drawn(settings: Any, name: str, expected: Any) -> None:
    image = distinct_pixels()
    drawn = augment(image.repeat(400, 1, 1, 1), settings(f"augment={name}").augment, "asinh", 0)
    views = {view.numpy().tobytes() for view in eight_views(image)}
    assert len(views) == 8
    wanted = {eight_views(image)[k].numpy().tobytes() for k in expected}
    assert {view.numpy().tobytes() for view in drawn} == wanted


def test_views_are_about_equally_frequent(settings: Any) -> None:
    image = distinct_pixels()
    drawn = augment(image.repeat(1600, 1, 1, 1), settings("augment=dihedral").augment, "asinh", 1)
    for view in eight_views(image):
        count = int((drawn == view).all(dim=(1, 2, 3)).sum())
        assert 130 < count < 270


@hypothesis_settings(deadline=None, max_examples=30)
@given(
    px=st.integers(1, 9),
    channels=st.integers(1, 5),
    coins=st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=6),
)
def test_exact_views_only_permute_pixels(
    px: int, channels: int, coins: list[tuple[bool, ...]]
) -> None:
    images = torch.randn(len(coins), channels, px, px)
    turned = show_views(images, torch.tensor(coins).int() @ torch.tensor([4, 1, 2]).int())
    assert turned.shape == images.shape
    for before, after in zip(images, turned, strict=True):
        for band in range(channels):
            assert torch.equal(before[band].flatten().sort()[0], after[band].flatten().sort()[0])


def test_none_returns_the_images(settings: Any) -> None:
    images = torch.randn(3, 2, 5, 5)
    assert augment(images, settings("augment=none").augment, "linear", 0) is images


@pytest.mark.parametrize("name", ["flips", "dihedral", "sky"])
def test_the_same_seed_draws_the_same_views(settings: Any, name: str) -> None:
    chosen = settings(f"augment={name}").augment
    images = torch.rand(16, 3, 8, 8)
    first = augment(images, chosen, "asinh", 5)
    assert torch.equal(augment(images, chosen, "asinh", 5), first)
    assert not torch.equal(augment(images, chosen, "asinh", 6), first)
    assert not torch.equal(first, images)


def test_views_are_drawn_without_global_random_state(settings: Any) -> None:
    images, state = torch.rand(4, 3, 8, 8), torch.get_rng_state()
    augment(images, settings("augment=sky").augment, "asinh", 5)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("stretch", ["linear", "asinh", "srgb"])
def test_sky_without_changes_is_the_identity(settings: Any, stretch: Any) -> None:
    images = torch.rand(5, 3, 9, 9)
    torch.testing.assert_close(
        augment(images, sky(settings), stretch, 0), images, atol=1e-4, rtol=1e-4
    )


def test_rotations_and_shifts_keep_flux_and_color(settings: Any) -> None:
    star = draw_star()
    chosen = sky(settings, rotation="true", shift_px=3)
    seen = augment(star.repeat(64, 1, 1, 1), chosen, "linear", 0)
    torch.testing.assert_close(
        seen.sum(dim=(2, 3)), star.sum(dim=(2, 3)).expand(64, 3), rtol=0.01, atol=0
    )
    for band in (1, 2):
        torch.testing.assert_close(seen[:, band], (band + 1) * seen[:, 0], atol=1e-6, rtol=1e-5)


def test_a_round_star_is_unchanged_by_rotation(settings: Any) -> None:
    star = draw_star()
    seen = augment(star.repeat(32, 1, 1, 1), sky(settings, rotation="true"), "linear", 0)
    torch.testing.assert_close(seen, star.expand_as(seen), atol=0.04, rtol=0)


def test_angles_are_uniform_and_half_are_mirrored(settings: Any) -> None:
    """Rotated off-center arms have every angle and the same distance from the center."""
    image = torch.zeros(1, 1, 33, 33)
    image[0, 0, 15:18, 21:24] = 1
    seen = augment(image.repeat(800, 1, 1, 1), sky(settings, rotation="true"), "linear", 0)[:, 0]
    axis = torch.arange(33) - 16.0
    weight = seen.sum(dim=(1, 2))
    x, y = (seen.sum(1) * axis).sum(1) / weight, (seen.sum(2) * axis).sum(1) / weight
    torch.testing.assert_close(torch.hypot(x, y), torch.full((800,), 6.0), atol=0.1, rtol=0)
    counts = torch.histc(torch.atan2(y, x), bins=8, min=-torch.pi, max=torch.pi)
    assert counts.min() > 60


def test_shifts_stay_within_their_pixels(settings: Any) -> None:
    star = draw_star(channels=1)
    seen = augment(star.repeat(300, 1, 1, 1), sky(settings, shift_px=2), "linear", 0)[:, 0]
    axis = torch.arange(32) - 15.5
    for along in (1, 2):
        moved = (seen.sum(along) * axis).sum(1) / seen.sum(dim=(1, 2))
        assert moved.abs().max() < 2.05
        assert moved.min() < -1.8
        assert moved.max() > 1.8


def test_brightness_scales_linear_flux_of_all_bands_equally(settings: Any) -> None:
    star = draw_star() + 0.01
    seen = augment(star.repeat(300, 1, 1, 1), sky(settings, brightness=0.2), "linear", 0)
    gain = seen / star
    torch.testing.assert_close(gain, gain[:, :1, :1, :1].expand_as(gain))
    assert 0.8 <= gain.min() < 0.82
    assert 1.18 < gain.max() <= 1.2


@pytest.mark.parametrize("stretch", ["asinh", "srgb"])
def test_brightness_acts_before_the_stretch(settings: Any, stretch: Any) -> None:
    flux = 0.05 + 0.7 * draw_star()
    seen = augment(
        from_flux(flux, stretch).repeat(50, 1, 1, 1), sky(settings, brightness=0.2), stretch, 0
    )
    gain = to_flux(seen, stretch) / flux
    torch.testing.assert_close(gain, gain[:, :1, :1, :1].expand_as(gain), rtol=1e-3, atol=0)
    assert gain.std() > 0.05


def test_noise_is_in_units_of_the_pixel_noise_at_any_brightness(settings: Any) -> None:
    generator = torch.Generator().manual_seed(0)
    sky_noise = torch.randn(20, 3, 32, 32, generator=generator)
    for flux in (3.0, 3000.0):
        images = 2.0 * sky_noise + flux * draw_star()
        seen = augment(images, sky(settings, noise=0.5), "linear", 0)
        assert float((seen - images).std()) == pytest.approx(1.0, rel=0.06)


@pytest.mark.parametrize("moved", [{"rotation": "true", "shift_px": 1}, {"shift_px": 0.5}])
@pytest.mark.parametrize("flux", [0.0, 10.0, 300.0])
def test_automatic_noise_equals_the_noise_lost_by_resampling(
    settings: Any, moved: Any, flux: float
) -> None:
    """Faint and bright images keep the noise of their sky; without it a fifth is lost."""
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(200, 1, 32, 32, generator=generator) + flux * draw_star(channels=1)
    seen, smooth = (
        augment(images, sky(settings, noise=noise, **moved), "linear", 1)[:, :, 2:7, 2:7].std()
        for noise in ("auto", 0)
    )
    assert float(seen) == pytest.approx(1.0, abs=0.04)
    assert float(smooth) < 0.9


def test_automatic_noise_is_zero_without_resampling(settings: Any) -> None:
    images = torch.randn(8, 3, 16, 16)
    seen = augment(images, sky(settings, noise="auto"), "linear", 0)
    torch.testing.assert_close(seen, images, atol=1e-4, rtol=0)


def test_the_psf_stays_as_sharp_as_it_is(settings: Any) -> None:
    """A star of SDSS in good seeing (FWHM 2.5 px); bilinear sampling would lose 9 %."""
    axis = torch.arange(32) - 15.5
    sigma = 2.5 / 2.355
    star = torch.exp(-(axis[:, None] ** 2 + axis[None] ** 2) / (2 * sigma**2))
    images = star.repeat(64, 1, 1, 1)
    seen = augment(images, sky(settings, rotation="true", shift_px=1), "linear", 2)
    sharpness = seen.square().sum(dim=(1, 2, 3)) / images.square().sum(dim=(1, 2, 3))
    assert float(sharpness.mean()) == pytest.approx(1.0, abs=0.03)
    assert float(seen.sum() / images.sum()) == pytest.approx(1.0, abs=0.005)


@pytest.mark.parametrize("stretch", ["asinh", "srgb"])
def test_a_black_background_stays_black(settings: Any, stretch: Any) -> None:
    images = torch.zeros(8, 3, 32, 32)
    images[:, :, 12:20, 12:20] = 0.5
    seen = augment(images, settings("augment=sky").augment, stretch, 1)
    assert seen[:, :, :6, :6].max() == 0
    assert seen[:, :, 15:17, 15:17].min() > 0.4


def test_a_custom_augmentation_draws_from_the_seed(settings: Any) -> None:
    chosen = settings("augment=custom", "augment.target=fixtures.own_options.fade").augment
    images = torch.rand(4, 3, 8, 8)
    views = augment(images, chosen, "asinh", seed=3)
    torch.testing.assert_close(views, augment(images, chosen, "asinh", seed=3))
    assert not torch.equal(views, augment(images, chosen, "asinh", seed=4))
    assert ((views / images) > 0.9 - 1e-6).all()


def test_a_custom_augmentation_of_another_shape_is_refused(settings: Any) -> None:
    chosen = settings("augment=custom", "augment.target=fixtures.own_options.halve").augment
    with pytest.raises(UserError, match=r"halve: returned \(4, 3, 4, 4\) torch.float32 for images"):
        augment(torch.rand(4, 3, 8, 8), chosen, "asinh", seed=0)
