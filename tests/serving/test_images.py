"""One row of a request: what a bundle takes is read as from a file, all else has a reason."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from astroclf.bundle import Bundle
from astroclf.data.formats import BadImage
from astroclf.data.framing import Framing
from astroclf.serving.images import read_image
from fixtures.bundles import BANDS, make_bundle, make_images

ZEROS = np.zeros((3, 32, 32))


@pytest.fixture
def bundle() -> Bundle:
    """Bundle of 8-bit image files."""
    framing = Framing(BANDS, "8-bit", "asinh", None, 32, max_megapixels=0.01)
    return replace(make_bundle(eight_bits=True), framing=framing)


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def png(height_px: int, width_px: int) -> bytes:
    picture = np.random.default_rng(0).integers(0, 256, (height_px, width_px, 3), dtype=np.uint8)
    return cv2.imencode(".png", picture)[1].tobytes()


def test_a_file_is_framed_as_the_training_images(bundle: Bundle, tmp_path: Any) -> None:
    (tmp_path / "a.png").write_bytes(png(40, 60))
    image = read_image(bundle, encoded(png(40, 60)), None)
    np.testing.assert_array_equal(image, bundle.read_files(tmp_path / "a.png")[0])


@pytest.mark.parametrize("as_given", [np.asarray, np.ndarray.tolist])
@pytest.mark.parametrize("eight_bits", [True, False])
def test_an_array_is_taken_as_the_bundle_takes_it(as_given: Any, eight_bits: bool) -> None:
    bundle = make_bundle(eight_bits=eight_bits)
    image = make_images(bundle, 1)[0]
    read = read_image(bundle, None, as_given(image))
    assert read.dtype == image.dtype
    np.testing.assert_array_equal(read, image)


@pytest.mark.parametrize(
    ("file", "array", "reason"),
    [
        (None, None, "give file or array$"),
        (np.nan, None, "give file or array$"),
        ("aaaa", ZEROS, "not both"),
        (5, None, "not text"),
        ("no base64!", None, "not base64"),
        (encoded(b"text"), None, "not a JPEG"),
        (encoded(png(32, 32)[:200]), None, "truncated"),
        (encoded(png(200, 200)), None, "megapixel"),
        (None, np.zeros((3, 31, 32)), "shape 3 x 31 x 32, not 3 x 32 x 32"),
        (None, 5, "of one number, not"),
        (None, [[1, 2], [3]], "not a list of bands"),
        (None, [[["a"]]], "not a list of bands"),
        (None, {"a": 1}, "not a list of bands"),
        (None, ZEROS + 0.5, "whole numbers from 0 to 255"),
        (None, ZEROS + 256, "whole numbers from 0 to 255"),
        (None, ZEROS + np.nan, "NaN or infinite"),
    ],
)
def test_anything_else_has_a_reason(bundle: Bundle, file: Any, array: Any, reason: str) -> None:
    with pytest.raises(BadImage, match=reason):
        read_image(bundle, file, array)


def test_a_model_of_arrays_takes_no_file() -> None:
    with pytest.raises(BadImage, match="trained on arrays, not on files: give array"):
        read_image(make_bundle(), encoded(png(32, 32)), None)
