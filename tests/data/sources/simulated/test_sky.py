import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import k1

from astroclf.data.sources.simulated import sky

CANVAS = sky.Canvas(image_px=64, pixel_scale_arcsec=0.4)


def centroid(light):
    weights = light / light.sum()
    return (weights.sum(0) * CANVAS.axis).sum(), (weights.sum(1) * CANVAS.axis).sum()


def test_pixels_sums_the_cells_of_each_pixel():
    light = np.zeros((2, CANVAS.cells, CANVAS.cells), np.float32)
    first = sky.MARGIN_PX * sky.OVERSAMPLING
    light[1, first : first + 2, first + 2 : first + 4] = 1
    pixels = CANVAS.pixels(light)
    assert pixels.shape == (2, 64, 64)
    assert pixels[1, 0, 1] == 4
    assert pixels.sum() == 4


def test_moffat_has_its_width_and_unit_flux():
    psf = sky.Moffat(fwhm_arcsec=1.6, beta=3.0)
    along_x = psf(np.array([0.0, 0.8]), np.array([0.0]))[0]
    assert along_x[1] / along_x[0] == pytest.approx(0.5)
    assert psf(CANVAS.axis, CANVAS.axis).sum() == pytest.approx(1, abs=1e-5)


def test_moffat_is_elongated_along_its_angle():
    psf = sky.Moffat(fwhm_arcsec=1.6, beta=3.0, axis_ratio=0.64, angle=math.pi / 2)
    points = np.array([1.0, 0.0])  # half the FWHM of the long axis, 1.6 / sqrt(0.64), and 0
    down_y, down_x = psf(np.array([0.0]), points)[:, 0], psf(points, np.array([0.0]))[0]
    assert down_y[0] / down_y[1] == pytest.approx(0.5)
    assert down_x[0] / down_x[1] < 0.3


@pytest.mark.parametrize(("index", "axis_ratio"), [(0.7, 1.0), (1.0, 0.4), (2.5, 0.7)])
def test_half_of_a_sersic_profile_is_within_its_radius(index, axis_ratio):
    wide = sky.Canvas(image_px=400, pixel_scale_arcsec=0.2)
    light = sky.sersic(wide, 2.0, index, axis_ratio, angle=0.5)
    along, across = sky.rotate(wide.axis, wide.axis, 0.5)
    inside = along**2 * axis_ratio + across**2 / axis_ratio < 2.0**2
    assert light.dtype == np.float32
    assert light[inside].sum() == pytest.approx(0.5, abs=0.005)


def test_edge_on_disk_is_near_the_bessel_profile():
    light = sky.edge_on_disk(CANVAS, scale_length_arcsec=2.0, scale_height_arcsec=1.0, angle=0.0)
    middle = light[CANVAS.cells // 2]
    length = np.abs(CANVAS.axis) / 2.0
    shape = middle / (length * k1(length))
    assert shape.max() / shape.min() < 1.08
    column = light[:, CANVAS.cells // 2] / light.max()
    assert column == pytest.approx(1 / np.cosh(CANVAS.axis) ** 2, abs=0.02)


def test_convolve_moves_widens_and_keeps_the_light():
    psf = sky.Moffat(fwhm_arcsec=1.2, beta=3.5)
    light = sky.sersic(CANVAS, 0.8, 1.0, 1.0, 0.0)
    seen = sky.convolve(CANVAS, light[None], psf, x=0.3, y=-0.5)[0]
    assert seen.sum() == pytest.approx(1, abs=1e-4)
    assert centroid(seen) == pytest.approx((0.3, -0.5), abs=0.005)
    assert seen.max() < psf(CANVAS.axis, CANVAS.axis).max()


def test_a_convolved_point_is_the_psf():
    psf = sky.Moffat(fwhm_arcsec=1.5, beta=3.0, axis_ratio=0.9, angle=0.3)
    speck = sky.sersic(CANVAS, 0.05, 1.0, 1.0, 0.0)
    seen = CANVAS.pixels(sky.convolve(CANVAS, speck[None], psf, x=0.1, y=0.2)[0])
    star = CANVAS.pixels(psf(CANVAS.axis - np.float32(0.1), CANVAS.axis - np.float32(0.2)))
    assert np.abs(seen - star).max() < 0.05 * star.max()


@given(
    signal_to_noise=st.floats(0.1, 5000),
    sky_nmgy=st.floats(0.01, 10),
    electrons=st.floats(10, 1e5),
)
def test_flux_at_gives_the_signal_to_noise(signal_to_noise, sky_nmgy, electrons):
    image = sky.Moffat(1.4, 3.0)(CANVAS.axis, CANVAS.axis)
    flux = sky.flux_at(signal_to_noise, image, sky_nmgy, electrons)
    signal = flux * image.astype(np.float64)
    reached = math.sqrt((signal**2 * electrons / (sky_nmgy + signal)).sum())
    assert reached == pytest.approx(signal_to_noise, rel=1e-3)


def test_sky_flux_of_magnitude_zero_point_is_one_per_square_arcsec():
    magnitudes = np.array([22.5, 20.0])
    assert sky.sky_flux(magnitudes, pixel_scale_arcsec=0.5) == pytest.approx([0.25, 2.5])


def test_observe_has_the_noise_of_sky_and_source():
    flux = np.zeros((2, 300, 300), np.float32)
    flux[1] = 3.0
    noisy = sky.observe(
        np.random.default_rng(0), flux, np.array([1.0, 2.0]), np.array([400.0, 100.0])
    )
    assert noisy.dtype == np.float32
    assert noisy.mean(axis=(1, 2)) == pytest.approx([0, 3], abs=0.003)
    assert noisy.std(axis=(1, 2)) == pytest.approx(
        [math.sqrt(1 / 400), math.sqrt(5 / 100)], rel=0.01
    )
