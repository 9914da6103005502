"""Which images a bundle takes: their depth, shape, size and values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from astroclf.bundle import read_bundle
from astroclf.data.framing import Framing
from astroclf.data.preprocess import Preprocess
from astroclf.errors import UserError

PICTURE = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
IMAGES = np.moveaxis(PICTURE, -1, 0)[None]


def save(file: Path, bits: int, picture: np.ndarray = PICTURE) -> Path:
    values = picture if bits == 8 else picture.astype(np.uint16) * 257
    cv2.imwrite(str(file), values[..., ::-1])
    return file


def test_one_path_is_read_as_a_list_of_one(
    tmp_path: Path, write_tiny: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = read_bundle(write_tiny(tmp_path / "bundle"))
    file = save(tmp_path / "a.png", 8)
    for one in (file, str(file)):
        np.testing.assert_array_equal(bundle.read_files(one), IMAGES)
    assert bundle.read_files([file, str(file)]).shape == (2, 3, 8, 8)
    monkeypatch.setenv("HOME", str(tmp_path))
    np.testing.assert_array_equal(bundle.read_files("~/a.png"), IMAGES)
    np.testing.assert_array_equal(read_bundle("~/bundle").predict(IMAGES), bundle.predict(IMAGES))


def test_no_files_are_refused(tmp_path: Path, write_tiny: Callable[..., Path]) -> None:
    with pytest.raises(UserError, match="read_files was given no files"):
        read_bundle(write_tiny(tmp_path / "bundle")).read_files([])


@pytest.mark.parametrize(
    ("trained", "given"), [("8-bit", 16), ("16-bit", 8), ("float", 8), ("float", 16)]
)
def test_files_of_another_depth_are_refused(
    tmp_path: Path, write_tiny: Callable[..., Path], trained: str, given: int
) -> None:
    bundle = read_bundle(write_tiny(tmp_path / "bundle", trained))
    same, other = save(tmp_path / "same.png", 24 - given), save(tmp_path / "other.png", given)
    if trained != "float":
        assert bundle.predict(bundle.read_files(same)).shape == (1, 2)
    with pytest.raises(
        UserError, match=rf"\.png cannot be used: \d+-bit values, not {trained}\. Give files of"
    ):
        bundle.read_files([same, other])


def test_a_model_of_arrays_reads_no_files(tmp_path: Path, write_tiny: Callable[..., Path]) -> None:
    bundle = read_bundle(write_tiny(tmp_path / "bundle", "float", framing=None))
    with pytest.raises(UserError, match=r"images that came from no file\. Give `predict` an array"):
        bundle.read_files(save(tmp_path / "a.png", 8))


def test_files_smaller_than_the_crop_are_refused(
    tmp_path: Path, write_tiny: Callable[..., Path]
) -> None:
    framing = Framing(("red", "green", "blue"), "8-bit", "srgb", crop_px=12, image_px=8)
    bundle = read_bundle(write_tiny(tmp_path / "bundle", framing=framing))
    with pytest.raises(UserError, match=r"a\.png cannot be used: 8 x 8 px, smaller than the crop"):
        bundle.read_files(save(tmp_path / "a.png", 8))


def test_files_above_the_limit_of_the_training_are_refused(
    tmp_path: Path, write_tiny: Callable[..., Path]
) -> None:
    bands = ("red", "green", "blue")
    framing = Framing(bands, "8-bit", "srgb", None, image_px=8, max_megapixels=5e-5)
    bundle = read_bundle(write_tiny(tmp_path / "bundle", framing=framing))
    with pytest.raises(UserError, match=r"a\.png cannot be used: .*max_megapixels"):
        bundle.read_files(save(tmp_path / "a.png", 8))


@pytest.mark.parametrize(
    ("depth", "taken", "refused"),
    [
        ("8-bit", ["u1"], ["u2", "i8", "f4", "f8", "?"]),
        ("16-bit", ["u2", "f4", "f8", ">f4", ">u2"], ["u1", "i4", "c8"]),
        ("float", ["f4", "f8", ">f4"], ["u1", "u2", "i8", "O"]),
    ],
)
def test_arrays_of_another_depth_are_refused(
    tmp_path: Path,
    write_tiny: Callable[..., Path],
    depth: str,
    taken: list[str],
    refused: list[str],
) -> None:
    bundle = read_bundle(write_tiny(tmp_path / "bundle", depth))
    expected = bundle.predict(IMAGES.astype(taken[0]))
    for dtype in taken:
        np.testing.assert_array_equal(bundle.predict(IMAGES.astype(dtype)), expected)
    for dtype in refused:
        with pytest.raises(
            UserError, match=rf"do not fit: this model was trained on {depth} images"
        ):
            bundle.predict(IMAGES.astype(dtype))


@pytest.mark.parametrize("shape", [(2, 1, 8, 8), (2, 5, 8, 8), (3, 8, 8), (2, 3, 9, 9), ()])
def test_another_shape_is_refused(
    tmp_path: Path, write_tiny: Callable[..., Path], shape: tuple[int, ...]
) -> None:
    bundle = read_bundle(write_tiny(tmp_path / "bundle"))
    with pytest.raises(
        UserError, match=r"this model takes \(N, 3, 8, 8\) with the bands red, green, blue"
    ):
        bundle.predict(np.zeros(shape, np.uint8))


def test_a_path_is_no_image(tmp_path: Path, write_tiny: Callable[..., Path]) -> None:
    bundle = read_bundle(write_tiny(tmp_path / "bundle"))
    for wrong in ("a.png", Path("a.png"), ["a.png"]):
        with pytest.raises(UserError, match=r"not an array of images\. Read files first"):
            bundle.label(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("position", [0, 300])
def test_pixels_that_are_not_finite_are_refused(
    tmp_path: Path, write_tiny: Callable[..., Path], value: float, position: int
) -> None:
    bundle = read_bundle(write_tiny(tmp_path / "bundle", "float"))
    images = np.zeros((301, 3, 8, 8), np.float32)
    images[position, 1, 2, 3] = value
    with pytest.raises(UserError, match=rf"image {position} of those given .* has NaN or infinite"):
        bundle.label(images)


def test_a_network_that_overflows_is_refused(
    tmp_path: Path, write_tiny: Callable[..., Path]
) -> None:
    tiny_unit = Preprocess("srgb", (1e-30,) * 3, (0.4,) * 3, (0.2,) * 3)
    bundle = read_bundle(write_tiny(tmp_path / "bundle", "16-bit", preprocess=tiny_unit))
    with pytest.raises(UserError, match="outputs no finite number"):
        bundle.predict(np.full((1, 3, 8, 8), 1e20, np.float32))


@pytest.mark.parametrize("count", [0, 1, 257])
def test_any_number_of_images_is_predicted(
    tmp_path: Path, write_tiny: Callable[..., Path], count: int
) -> None:
    bundle = read_bundle(write_tiny(tmp_path / "bundle"))
    predicted = bundle.predict(np.ones((count, 3, 8, 8), np.uint8))
    assert predicted.shape == (count, 2)
    np.testing.assert_allclose(predicted.sum(axis=1), 1)
