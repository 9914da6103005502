from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from astroclf.bundle import Bundle
from astroclf.data.framing import Framing
from astroclf.errors import UserError
from astroclf.export.examples import find_examples, random_images
from fixtures.bundles import BANDS, make_bundle


@pytest.fixture
def bundle() -> Bundle:
    """Bundle of 8-bit image files."""
    framing = Framing(BANDS, "8-bit", "asinh", None, 32)
    return replace(make_bundle(eight_bits=True), framing=framing)


def write_pictures(folder: Path, n: int) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(n):
        picture = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        assert cv2.imwrite(str(folder / f"{number:03}.png"), picture)
    return folder


def test_images_of_the_folder_come_before_random_ones(bundle: Bundle, tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pictures", 5)
    (folder / "bad.png").write_bytes(b"\x89PNG")
    examples = find_examples(bundle, folder)
    assert examples.source == f"5 images of {folder} and 8 random images"
    np.testing.assert_array_equal(examples.images[:5], bundle.read_files(sorted(folder.glob("0*"))))
    np.testing.assert_array_equal(examples.images[5:], random_images(bundle))


def test_the_images_of_a_large_folder_are_spread_over_it(bundle: Bundle, tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pictures", 130)
    images = find_examples(bundle, folder).images
    assert len(images) == 64 + 8
    np.testing.assert_array_equal(images[63], bundle.read_files(folder / "129.png")[0])


def test_the_default_is_the_folder_of_the_training_images(bundle: Bundle, tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pictures", 3)
    trained = replace(bundle, facts={"dataset": {"root": str(folder)}})
    assert find_examples(trained, None).source.startswith(f"3 images of {folder}")
    moved = replace(bundle, facts={"dataset": {"root": str(tmp_path / "moved")}})
    assert find_examples(moved, None).source == "8 random images alone: set export.images"


@pytest.mark.parametrize("content", ["nothing", "text", "no folder"])
def test_a_given_folder_without_a_usable_image_is_refused(
    bundle: Bundle, tmp_path: Path, content: str
) -> None:
    folder = tmp_path / "given"
    if content != "no folder":
        folder.mkdir()
    if content == "text":
        (folder / "a.jpg").write_text("text")
    with pytest.raises(UserError, match=rf"^export.images={folder}: .*\. Give a folder of images"):
        find_examples(bundle, folder)


@pytest.mark.parametrize("eight_bits", [True, False])
def test_random_images_are_valid_input(eight_bits: bool) -> None:
    bundle = make_bundle(eight_bits=eight_bits)
    images = random_images(bundle)
    assert images.dtype == (np.uint8 if eight_bits else np.float32)
    assert bundle.predict(images).shape == (8, 3)
