from __future__ import annotations

import cv2
import numpy as np
import pytest

from astroclf.data.duplicates.fingerprints import (
    Fingerprinter,
    area_average,
    gaussian,
    orientations,
    symmetric_part,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("px", "grid"), [(64, 32), (120, 32), (51, 32), (20, 20)])
def test_images_are_averaged_by_area_as_opencv_does(px: int, grid: int) -> None:
    image = RNG.normal(size=(px, px)).astype(np.float32)
    matrix = area_average(px, grid)
    expected = cv2.resize(image, (grid, grid), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(matrix @ image @ matrix.T, expected, atol=1e-5)


@pytest.mark.parametrize("sigma", [2.0, 3.0])
def test_gaussian_equals_that_of_opencv(sigma: float) -> None:
    image = RNG.normal(size=(32, 32)).astype(np.float32)
    width = 2 * int(4 * sigma) + 1
    expected = cv2.GaussianBlur(image, (width, width), sigma)
    np.testing.assert_allclose(
        gaussian(32, sigma) @ image @ gaussian(32, sigma).T, expected, atol=1e-5
    )


@pytest.mark.parametrize("px", [20, 33, 64])
def test_symmetric_part_is_the_same_for_all_orientations(px: int) -> None:
    images = RNG.normal(size=(3, 2, px, px)).astype(np.float32)
    fingerprinter = Fingerprinter.of(images)
    prints = fingerprinter.fingerprints(images)
    parts = [symmetric_part(view) for view in orientations(prints)]
    for each in parts[1:]:
        np.testing.assert_allclose(each, parts[0], atol=1e-6)
    mean = orientations(prints).mean(axis=0).reshape(3, -1)
    cosine = (mean[0] @ mean[1]) / np.linalg.norm(mean[0]) / np.linalg.norm(mean[1])
    assert parts[0][0] @ parts[0][1] == pytest.approx(cosine, abs=1e-5)


def test_eight_orientations_differ() -> None:
    views = orientations(RNG.normal(size=(1, 5, 5)))
    assert len({view.tobytes() for view in views}) == 8


def test_fingerprints_turn_with_their_image_and_ignore_brightness() -> None:
    images = RNG.normal(100, 10, size=(4, 3, 40, 40)).astype(np.float32)
    fingerprinter = Fingerprinter.of(images)
    prints = fingerprinter.fingerprints(images)
    np.testing.assert_allclose(np.sum(prints**2, axis=(1, 2)), 1, rtol=1e-5)
    turned = fingerprinter.fingerprints(np.rot90(images, 1, (2, 3)))
    np.testing.assert_allclose(turned, np.rot90(prints, 1, (1, 2)), atol=1e-4)
    np.testing.assert_allclose(fingerprinter.fingerprints(2 * images + 7), prints, atol=1e-3)


def test_bands_are_weighted_by_their_noise() -> None:
    noise = RNG.normal(size=(50, 2, 32, 32)) * np.array([1.0, 4.0])[:, None, None]
    weights = Fingerprinter.of(noise.astype(np.float32)).weights
    np.testing.assert_allclose(weights, [0.8, 0.2], atol=0.01)


def test_images_of_one_value_have_no_fingerprint() -> None:
    blank = np.full((2, 1, 32, 32), 7, np.uint8)
    assert not Fingerprinter.of(blank).fingerprints(blank).any()
