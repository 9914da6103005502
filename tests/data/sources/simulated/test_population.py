from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from astroclf.data.sources.simulated import sky
from astroclf.data.sources.simulated.population import (
    SHAPES,
    Features,
    Oddity,
    draw_features,
    render_features,
)

CANVAS = sky.Canvas(48, 0.396)


def test_shapes_have_their_chances_and_features() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_features(rng) for _ in range(2000)]
    for shape, chance in SHAPES.items():
        assert np.mean([each.shape == shape for each in drawn]) == pytest.approx(chance, abs=0.04)
    assert all(each.arm_count == 0 for each in drawn if each.shape != "face_on")
    assert all(bool(each.arm_count) == bool(each.arm_strength) for each in drawn)


@pytest.mark.parametrize("oddity", get_args(Oddity))
@pytest.mark.parametrize("shape", list(SHAPES))
def test_galaxies_have_unit_flux_of_two_populations(shape: str, oddity: Oddity) -> None:
    features = Features(shape, 0.4, 0.2, 0.1, 0.5, 2, 15.0, oddity)  # type: ignore[arg-type]
    galaxy = render_features(np.random.default_rng(1), CANVAS, features, 3.0)
    assert galaxy.light.shape == (2, CANVAS.cells, CANVAS.cells)
    assert galaxy.light.min() >= 0
    assert galaxy.light.sum() == pytest.approx(1, abs=1e-4)


def test_arms_have_their_number() -> None:
    """The light of the disk on a circle has as many maxima as the galaxy has arms."""
    features = Features("face_on", 1.0, arm_strength=0.8, arm_count=3, arm_pitch_deg=20.0)
    light = render_features(np.random.default_rng(2), CANVAS, features, 4.0).light.sum(axis=0)
    angles = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    center, radius = (CANVAS.cells - 1) / 2, 4.0 / CANVAS.cell_arcsec
    rows = np.rint(center + radius * np.sin(angles)).astype(int)
    columns = np.rint(center + radius * np.cos(angles)).astype(int)
    spectrum = np.abs(np.fft.rfft(light[rows, columns]))
    assert spectrum[1:].argmax() + 1 == 3
