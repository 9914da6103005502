import math

import numpy as np
import pytest

from astroclf.data.sources.simulated import galaxies, sky

CANVAS = sky.Canvas(image_px=64, pixel_scale_arcsec=0.4)


def measured_axis_ratio(light):
    light = light * (light > 0.02 * light.max())  # within an isophote, clear of the canvas's edge
    x, y = CANVAS.axis[None, :], CANVAS.axis[:, None]
    xx, yy, xy = (light * x * x).sum(), (light * y * y).sum(), (light * x * y).sum()
    small, large = np.linalg.eigvalsh([[xx, xy], [xy, yy]])
    return math.sqrt(small / large)


@pytest.mark.parametrize("morphology", galaxies.MORPHOLOGIES)
def test_light_is_positive_and_of_unit_flux(morphology):
    for seed in range(5):
        galaxy = galaxies.draw_galaxy(np.random.default_rng(seed), CANVAS, morphology, 2.0)
        assert galaxy.light.shape == (2, CANVAS.cells, CANVAS.cells)
        assert galaxy.light.dtype == np.float32
        assert galaxy.light.min() >= 0
        assert galaxy.light.sum() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("morphology", ["completely_round", "in_between", "cigar"])
def test_smooth_galaxies_have_the_axis_ratio_of_their_class(morphology):
    low, high = galaxies.AXIS_RATIO[morphology]
    for seed in range(5):
        galaxy = galaxies.draw_galaxy(np.random.default_rng(seed), CANVAS, morphology, 1.0)
        measured = measured_axis_ratio(galaxy.light.sum(0))
        assert low <= galaxy.axis_ratio <= high
        assert measured == pytest.approx(galaxy.axis_ratio, abs=0.05)


def test_arms_wind_with_their_pitch():
    angles = np.linspace(-np.pi, np.pi, 3600, endpoint=False)
    radius = np.array([[2.0], [2.2]])
    crests = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        arms = galaxies.draw_arms(rng, np.repeat(radius, 3600, 1), np.tile(angles, (2, 1)))
        count = len(
            np.flatnonzero((arms[0] > np.roll(arms[0], 1)) & (arms[0] >= np.roll(arms[0], -1)))
        )
        assert count in galaxies.ARM_COUNTS
        step = (angles[arms[1].argmax()] - angles[arms[0].argmax()]) * count / (2 * np.pi)
        crests.append(abs(step - round(step)) * 2 * np.pi / count)
    low, high = galaxies.ARM_PITCH
    for turn in crests:
        assert low * 0.9 < math.atan(math.log(1.1) / turn) < high * 1.1


def test_a_spiral_is_bluer_outside_than_in_its_bulge():
    for seed in range(5):
        galaxy = galaxies.draw_galaxy(np.random.default_rng(seed), CANVAS, "spiral", 3.0)
        g, r, _ = np.tensordot(galaxy.band_flux, galaxy.light, axes=(0, 0))
        radius = np.hypot(CANVAS.axis[None, :], CANVAS.axis[:, None])
        inner, outer = radius < 0.5, (radius > 2) & (radius < 4)
        assert g[inner].sum() / r[inner].sum() < g[outer].sum() / r[outer].sum()


def test_band_flux_converts_colors_to_flux():
    assert galaxies.band_flux(g_r=2.5, r_i=-2.5) == pytest.approx([0.1, 1, 0.1])


def test_stars_follow_the_stellar_locus():
    fluxes = np.stack([galaxies.draw_star_flux(np.random.default_rng(seed)) for seed in range(200)])
    g_r, r_i = -2.5 * np.log10(fluxes[:, 0] / fluxes[:, 1]), 2.5 * np.log10(fluxes[:, 2])
    expected = np.interp(g_r + r_i, galaxies.LOCUS_G_I, galaxies.LOCUS_G_R)
    assert np.abs(g_r - expected).max() < 5 * galaxies.STAR_SCATTER_MAG
    assert g_r.std() > 0.2
