"""Checks of arrays: depth, shape, size and values of the images that a bundle predicts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from astroclf.bundle import read_bundle
from astroclf.bundle.checks import require_finite_logits, require_finite_pixels, require_images
from astroclf.data.formats import Depth
from astroclf.data.preprocess import Preprocess
from astroclf.errors import UserError

RGB = ("red", "green", "blue")
IMAGES = np.random.default_rng(0).integers(0, 256, (1, 3, 8, 8), dtype=np.uint8)


@pytest.mark.parametrize(
    ("depth", "taken", "refused"),
    [
        ("8-bit", ["u1"], ["u2", "i8", "f4", "f8", "?"]),
        ("16-bit", ["u2", "f4", "f8", ">f4", ">u2"], ["u1", "i4", "c8"]),
        ("float", ["f4", "f8", ">f4"], ["u1", "u2", "i8", "O"]),
        (None, ["u1", "u2", "f4"], ["i8", "O"]),
    ],
)
def test_arrays_of_another_depth_are_refused(
    depth: Depth | None, taken: list[str], refused: list[str]
) -> None:
    for dtype in taken:
        require_images(IMAGES.astype(dtype), RGB, 8, depth)
    for dtype in refused:
        with pytest.raises(UserError, match=r"do not fit: this model was trained on .* images"):
            require_images(IMAGES.astype(dtype), RGB, 8, depth)


@pytest.mark.parametrize(
    ("depth", "dtypes"), [("16-bit", ["u2", ">u2", ">f4"]), ("float", [">f4"])]
)
def test_values_of_any_accepted_type_are_predicted_alike(
    tmp_path: Path, write_tiny: Callable[..., Path], depth: str, dtypes: list[str]
) -> None:
    bundle = read_bundle(write_tiny(tmp_path / "bundle", depth))
    expected = bundle.predict(IMAGES.astype("f4"))
    for dtype in dtypes:
        np.testing.assert_array_equal(bundle.predict(IMAGES.astype(dtype)), expected)


@pytest.mark.parametrize("shape", [(2, 1, 8, 8), (2, 5, 8, 8), (3, 8, 8), (2, 3, 9, 9), ()])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        UserError, match=r"this model takes \(N, 3, 8, 8\) with the bands red, green, blue"
    ):
        require_images(np.zeros(shape, np.uint8), RGB, 8, "8-bit")


@pytest.mark.parametrize("wrong", ["a.png", Path("a.png"), ["a.png"]])
def test_a_path_is_not_an_image(wrong: object) -> None:
    with pytest.raises(UserError, match=r"not an array of images\. Read files first"):
        require_images(wrong, RGB, 8, "8-bit")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("position", [0, 300])
def test_pixels_that_are_not_finite_are_refused(value: float, position: int) -> None:
    images = np.zeros((301, 3, 8, 8), np.float32)
    require_finite_pixels(images)
    images[position, 1, 2, 3] = value
    with pytest.raises(UserError, match=rf"image {position} of those given .* has NaN or infinite"):
        require_finite_pixels(images)


def test_logits_that_are_not_finite_are_refused() -> None:
    with pytest.raises(UserError, match=r"image 1 of those given .* outputs no finite number"):
        require_finite_logits(np.array([[0.0, 1.0], [0.0, np.inf]]))


def test_a_network_that_overflows_is_refused(
    tmp_path: Path, write_tiny: Callable[..., Path]
) -> None:
    tiny_unit = Preprocess("srgb", (1e-30,) * 3, (0.4,) * 3, (0.2,) * 3)
    bundle = read_bundle(write_tiny(tmp_path / "bundle", "16-bit", preprocess=tiny_unit))
    with pytest.raises(UserError, match="outputs no finite number"):
        bundle.predict(np.full((1, 3, 8, 8), 1e20, np.float32))
