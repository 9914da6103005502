from __future__ import annotations

import numpy as np

from astroclf.reports.inspect.overlay import overlay


def test_no_evidence_leaves_the_image_in_gray() -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    shown = overlay(image, np.zeros((4, 4), np.float32))
    np.testing.assert_array_equal(shown[..., 0], shown[..., 2])
    np.testing.assert_allclose(shown[..., 0], image.mean(axis=2), atol=1)


def test_evidence_colors_its_position() -> None:
    evidence = np.zeros((2, 2), np.float32)
    evidence[0, 1] = 1
    shown = overlay(np.full((40, 40, 3), 60, np.uint8), evidence).astype(int)
    saturation = shown.max(axis=2) - shown.min(axis=2)
    assert saturation[5, 35] > 40
    assert saturation[35, 5] == 0
