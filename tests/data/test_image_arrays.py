from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroclf.data.formats import GRAY, RGB
from astroclf.data.image_arrays import (
    as_stored,
    depth_of_values,
    find_axes,
    header_of,
    to_nchw,
)

LENGTHS = st.integers(1, 20)


@given(LENGTHS, LENGTHS, st.integers(2, 300))
def test_square_images_state_the_axis_of_their_bands(n: int, bands: int, side: int) -> None:
    if bands == side:
        assert find_axes((n, bands, side, side)) is None
    else:
        assert find_axes((n, bands, side, side)) == "nchw"
        assert find_axes((n, side, side, bands)) == "nhwc"


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((5, 8, 8), "nhw"),
        ((5, 3, 60, 64), "nchw"),
        ((5, 60, 64, 3), "nhwc"),
        ((5, 60, 64, 62), None),
        ((5, 3, 4, 2), None),
        ((64, 64), None),
        ((5, 3, 8, 8, 1), None),
    ],
)
def test_axes_of_other_shapes(shape: tuple[int, ...], axes: str | None) -> None:
    assert find_axes(shape) == axes


def test_bands_become_the_second_axis() -> None:
    images = np.random.default_rng(0).normal(size=(2, 4, 5, 3))
    assert to_nchw(images, "nhwc")[1, 2, 3, 4] == images[1, 3, 4, 2]
    assert to_nchw(images, "nchw") is images
    assert to_nchw(images[..., 0], "nhw").shape == (2, 1, 4, 5)


@pytest.mark.parametrize(
    ("dtype", "depth", "stored"),
    [
        ("u1", "8-bit", "u1"),
        (">u2", "16-bit", "f4"),
        ("<i2", "float", "f4"),
        (">f4", "float", "f4"),
        ("f8", "float", "f4"),
        ("f2", "float", "f4"),
        ("c8", None, None),
        ("S3", None, None),
    ],
)
def test_values_are_stored_as_bytes_or_float32(
    dtype: str, depth: str | None, stored: str | None
) -> None:
    assert depth_of_values(np.dtype(dtype)) == depth
    if stored is not None:
        values = np.array([[1, 200]]).astype(dtype)
        np.testing.assert_array_equal(as_stored(values), [[1, values[0, 1].item()]])
        assert as_stored(values).dtype == np.dtype(stored)


def test_three_bands_of_8_bits_are_colors() -> None:
    assert header_of((9, 3, 4, 5), "8-bit").bands == RGB
    assert header_of((9, 1, 4, 5), "float").bands == GRAY
    header = header_of((9, 3, 4, 5), "8-bit", has_colors=False)
    assert header.bands == ("plane 1", "plane 2", "plane 3")
    header = header_of((9, 3, 4, 5), "float")
    assert header.bands == ("plane 1", "plane 2", "plane 3")
    assert (header.height_px, header.width_px, header.square_px) == (4, 5, 4)
