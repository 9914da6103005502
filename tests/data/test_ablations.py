from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from astroclf.data.ablations import ABLATIONS, AblationSettings, ablate
from astroclf.data.pixels import Stretch

SETTINGS = AblationSettings(center_fraction=0.5, blur_fwhm_px=3.0, dim_factor=0.5)
PX = 64


def sky(n: int = 4, level: float = 0.0, sigma: float = 1.0, seed: int = 0) -> np.ndarray:
    """Return (n, 3, PX, PX) float32: white noise round a level."""
    rng = np.random.default_rng(seed)
    return rng.normal(level, sigma, (n, 3, PX, PX)).astype(np.float32)


def source(flux: float = 3000.0, width_px: float = 3.0) -> np.ndarray:
    """Return (PX, PX) float32: a Gaussian of that flux in the center."""
    offsets = np.arange(PX) - (PX - 1) / 2
    square = offsets[:, None] ** 2 + offsets**2
    light = np.exp(-square / 2 / width_px**2)
    return (flux * light / light.sum()).astype(np.float32)


def changed(images: np.ndarray, name: str, stretch: Stretch = "linear") -> np.ndarray:
    return ablate(images, name, SETTINGS, stretch, seed=7)


@pytest.mark.parametrize("name", ABLATIONS)
@pytest.mark.parametrize(("dtype", "stretch"), [(np.uint8, "srgb"), (np.float32, "linear")])
def test_shape_and_type_are_those_of_stored_images(
    name: str, dtype: type, stretch: Stretch
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 20, 20)).astype(dtype)
    result = changed(images, name, stretch)
    assert (result.shape, result.dtype) == (images.shape, images.dtype)
    assert np.isfinite(result.astype(float)).all()
    np.testing.assert_array_equal(result, changed(images, name, stretch))


def test_gray_images_have_equal_bands_and_keep_their_mean_flux() -> None:
    images = sky()
    gray = changed(images, "gray")
    np.testing.assert_array_equal(gray[:, 0], gray[:, 2])
    np.testing.assert_allclose(gray.mean(axis=1), images.mean(axis=1), atol=1e-6)


def test_gray_averages_flux_and_not_display_values() -> None:
    image = np.zeros((1, 3, 8, 8), np.uint8)
    image[:, 0] = 255
    linear = 1 / 3  # of flux; 1.055 f^(1/2.4) - 0.055 in sRGB
    expected = round(255 * (1.055 * linear ** (1 / 2.4) - 0.055))
    assert set(np.unique(changed(image, "gray", "srgb"))) == {expected}


def test_center_and_border_keep_complementary_pixels() -> None:
    images = sky(level=5) + source()
    center, border = changed(images, "center"), changed(images, "border")
    kept = center == images
    np.testing.assert_array_equal(border == images, ~kept)
    assert kept[0, 0].mean() == pytest.approx(np.pi * 0.25**2, rel=0.02)
    assert kept[0, 0, PX // 2, PX // 2]


def test_removed_parts_have_the_level_and_the_noise_of_the_sky() -> None:
    images = sky(n=8, level=5, sigma=2) + source()
    filled = changed(images, "border")[changed(images, "border") != images]
    assert filled.mean() == pytest.approx(5, abs=0.15)
    assert filled.std() == pytest.approx(2, rel=0.05)


def test_blurring_widens_a_source_as_a_gaussian_and_keeps_its_flux() -> None:
    clean = np.broadcast_to(source(width_px=2.0), (1, 3, PX, PX)).copy()
    blurred = changed(clean, "blur")[0, 0]
    expected = ndimage.gaussian_filter(clean[0, 0], 3.0 / 2.3548, truncate=6)
    np.testing.assert_allclose(blurred, expected, atol=0.02 * expected.max())
    assert blurred.sum() == pytest.approx(clean[0, 0].sum(), rel=1e-3)


def test_blurred_sky_is_white_with_the_noise_that_it_had() -> None:
    result = changed(sky(n=40), "blur")[:, :, 8:-8, 8:-8]
    assert result.std() == pytest.approx(1, rel=0.02)
    neighbors = np.mean(result[..., 1:] * result[..., :-1]) / result.var()
    assert abs(neighbors) < 0.02
    without = ndimage.gaussian_filter(sky(n=4), (0, 0, 3 / 2.3548, 3 / 2.3548))
    assert np.mean(without[..., 1:] * without[..., :-1]) / without.var() > 0.7


def test_dimming_halves_the_source_above_the_sky_at_the_same_noise() -> None:
    images = sky(n=60, level=10) + source()
    dimmed = changed(images, "dim")
    np.testing.assert_allclose(
        np.mean(dimmed - 10, axis=(0, 1))[24:40, 24:40].sum(),
        0.5 * source()[24:40, 24:40].sum(),
        rtol=0.02,
    )
    corner = dimmed[:, :, :12, :12]
    assert corner.mean() == pytest.approx(10, abs=0.05)
    assert corner.std() == pytest.approx(1, rel=0.03)


def test_quarter_turns_move_pixels_and_change_none() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 16, 16), np.uint8)
    np.testing.assert_array_equal(changed(images, "rotate_90", "srgb"), np.rot90(images, 1, (2, 3)))


def test_turned_images_show_the_source_turned_at_the_same_noise() -> None:
    images = sky(n=40, sigma=1)
    images[:, :, 30:34, 44:48] += 500
    turned = changed(images, "rotate_45").mean(axis=(0, 1))
    y, x = np.unravel_index(turned.argmax(), turned.shape)
    # 14 px from the center, now along a diagonal.
    assert np.hypot(y - 31.5, x - 31.5) == pytest.approx(14, abs=1.5)
    assert abs(abs(y - 31.5) - abs(x - 31.5)) < 2
    quiet = changed(sky(n=40), "rotate_45")[:, :, 16:-16, 16:-16]
    assert quiet.std() == pytest.approx(1, rel=0.03)


def test_black_clipped_pixels_get_no_noise() -> None:
    images = np.zeros((1, 3, 32, 32), np.uint8)
    images[:, :, 12:20, 12:20] = 200
    for name in ("dim", "border", "center"):
        assert changed(images, name, "asinh")[:, :, :8].max() == 0
