from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from astroclf.data.framing import Framing
from astroclf.data.inputs.arrays import ArrayInput
from astroclf.data.inputs.source import Row
from astroclf.errors import UserError


def identify(position: int) -> Row:
    return Row(str(position), f"[{position}]")


def read(values: np.ndarray, framing: Framing) -> ArrayInput:
    return ArrayInput("array", values, framing, identify)


def test_bands_may_be_first_or_last(framing: Framing, pictures: np.ndarray) -> None:
    first = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))
    for values in (first, pictures):
        np.testing.assert_array_equal(read(values, framing).read(1, 5).images, first[1:5])


def test_other_sizes_are_framed(framing: Framing, pictures: np.ndarray) -> None:
    small = replace(framing, image_px=4)
    block = read(pictures, small).read(0, 2)
    expected = [small.fit(picture.transpose(2, 0, 1)) for picture in pictures[:2]]
    np.testing.assert_array_equal(block.images, expected)


def test_gray_images_are_repeated(framing: Framing, pictures: np.ndarray) -> None:
    block = read(pictures[..., 0], framing).read(0, 6)
    np.testing.assert_array_equal(block.images, np.repeat(pictures[:, None, ..., 0], 3, axis=1))


@pytest.mark.parametrize("px", [4, 8])
def test_invalid_pixels_get_the_sky_unless_they_are_most(framing: Framing, px: int) -> None:
    values = np.ones((3, 3, 8, 8), np.float64)
    values[1, 0, :3] = np.nan
    values[2, 0, :5] = np.inf
    flux = replace(framing, depth="float", stretch="linear", image_px=px)
    block = read(values, flux).read(0, 3)
    assert list(block.reasons) == [
        *("", "", "62 % of the pixels of band red are NaN, infinite or blank"),
    ]
    assert (block.images == 1).all()


def test_other_bands_sizes_and_depths_are_refused(framing: Framing) -> None:
    with pytest.raises(
        UserError, match=r"shape \(2, 5, 8, 8\), and this model takes images of 3 bands"
    ):
        read(np.zeros((2, 5, 8, 8), np.uint8), framing)
    with pytest.raises(UserError, match="values of float32, and this model was trained on 8-bit"):
        read(np.zeros((2, 3, 8, 8), np.float32), framing)
    with pytest.raises(UserError, match="8 x 6 px, smaller than the 7 px"):
        read(np.zeros((2, 3, 6, 8), np.uint8), replace(framing, crop_px=7))
