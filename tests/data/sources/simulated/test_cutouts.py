from __future__ import annotations

import numpy as np
import pytest

from astroclf.data.sources.simulated import cutouts, galaxies, sky


@pytest.mark.parametrize("kind", ["star", "spiral"])
def test_signal_to_noise_is_that_of_the_matched_filter(kind):
    rng = np.random.default_rng(0)
    exposure = cutouts.draw_exposure(rng, sky.Canvas(64, 0.396), (1.0, 1.5))
    if kind == "star":
        source = cutouts.render_star(exposure, galaxies.draw_star_flux(rng), np.zeros(2))
    else:
        galaxy = galaxies.draw_galaxy(rng, exposure.canvas, kind, 2.0)
        source = cutouts.render_galaxy(exposure, galaxy, np.zeros(2))
    scene = exposure.at_signal_to_noise(source, 40.0)
    shots = [
        sky.observe(rng, scene, exposure.sky_nmgy, exposure.electrons_per_nmgy)[1]
        for _ in range(500)
    ]
    weights = scene[1] / (exposure.sky_nmgy[1] + scene[1])
    measured = np.array([(weights * shot).sum() for shot in shots])
    assert measured.mean() / measured.std() == pytest.approx(40, rel=0.1)
