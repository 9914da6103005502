from __future__ import annotations

import numpy as np
import pytest

from astroclf.data.mosaics.neighbors import detection_image, mask_neighbors, segment
from fixtures.simulated_frames import gaussian

LEVELS = np.array([10.0, 20.0], np.float32)


@pytest.fixture
def scene() -> tuple[np.ndarray, np.ndarray]:
    """Two bands of an object in the center, alone and with a brighter neighbor."""
    noise = np.random.default_rng(0).normal(0, 1, (2, 48, 48)) + LEVELS[:, None, None]
    alone = noise + 2000 * gaussian((48, 48), 23.5, 23.5, 1.8)
    return alone, alone + 8000 * gaussian((48, 48), 37.0, 10.0, 1.8)


def test_neighbors_become_sky_and_the_object_stays(scene: tuple[np.ndarray, np.ndarray]) -> None:
    alone, both = scene
    masked = mask_neighbors(both, LEVELS, (23.5, 23.5))
    np.testing.assert_array_equal(masked[:, 18:30, 18:30], both[:, 18:30, 18:30].astype(np.float32))
    where_neighbor = masked[:, 8:13, 35:40]
    np.testing.assert_array_equal(where_neighbor, np.broadcast_to(LEVELS[:, None, None], (2, 5, 5)))
    extra = (masked - LEVELS[:, None, None]).sum() / (alone - LEVELS[:, None, None]).sum()
    assert extra == pytest.approx(1, abs=0.05)


def test_without_an_object_in_the_center_every_source_is_masked(
    scene: tuple[np.ndarray, np.ndarray],
) -> None:
    masked = mask_neighbors(scene[1], LEVELS, (8.0, 40.0))
    assert (masked - LEVELS[:, None, None]).max() < 12  # edges below the threshold, and noise


def test_detection_image_has_unit_noise() -> None:
    noise = np.random.default_rng(0).normal(0, [[[1.0]], [[30.0]]], (2, 90, 90))
    detection = detection_image(noise, np.zeros(2))
    assert detection.std() == pytest.approx(1, rel=0.03)
    assert (segment(detection) > 0).mean() < 0.02
    assert not segment(np.zeros((20, 20), np.float32)).any()
