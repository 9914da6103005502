from __future__ import annotations

import cv2
import numpy as np
import pytest

from astroclf.data.duplicates.confirmation import confirm, independent_pixels, without_round_light
from astroclf.data.duplicates.fingerprints import unit_norm

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("sigma", [0.0, 1.0])
def test_independent_pixels_predict_the_spread_of_correlations(sigma: float) -> None:
    fields = RNG.normal(size=(400, 32, 32)).astype(np.float32)
    if sigma:
        fields = np.stack([cv2.GaussianBlur(each, (0, 0), sigma) for each in fields])
    fields = unit_norm(fields - fields.mean(axis=(1, 2), keepdims=True))
    first, second = fields[:200], fields[200:]
    variance = np.var(np.einsum("aij,bij->ab", first, second))
    predicted = np.mean(1 / independent_pixels(first, second))
    assert predicted == pytest.approx(variance, rel=0.2)


def test_copies_with_noise_are_confirmed_in_any_orientation() -> None:
    first = unit_norm(RNG.normal(size=(8, 32, 32)))
    copies = unit_norm(first + 0.6 / 32 * RNG.normal(size=first.shape))
    turned = np.stack([np.rot90(each[:, :: 1 - 2 * (k // 4)], k) for k, each in enumerate(copies)])
    prints = [without_round_light(each.astype(np.float32)) for each in (first, turned)]
    assert confirm(*prints).all()
    assert not confirm(prints[0], np.roll(prints[1], 1, axis=0)).any()


def test_smooth_pictures_are_not_confirmed() -> None:
    y, x = np.mgrid[:32, :32] - 15.5
    smooth = np.exp(-0.5 * ((x / 5) ** 2 + ((y - x / 2) / 3) ** 2))[None]
    prints = without_round_light(smooth.astype(np.float32))
    assert not confirm(prints, prints).any()


def test_light_that_is_round_is_no_evidence() -> None:
    y, x = np.mgrid[:32, :32] - 15.5
    spikes = np.cos(4 * np.arctan2(y, x)) * np.cos(np.hypot(x, y))
    first, second = unit_norm(spikes / 16 + RNG.normal(size=(2, 1, 32, 32)) / 64)
    assert np.sum(first * second) > 0.6
    assert not confirm(without_round_light(first), without_round_light(second)).any()
