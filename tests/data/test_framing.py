from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from astroclf.data.dataset import ImageDataset
from astroclf.data.formats.kinds import BadImage
from astroclf.data.framing import GRAY, RGB, Framing
from astroclf.data.sources.image_folder import load

FRAMING = Framing(bands=RGB, depth="8-bit", stretch="asinh", crop_px=None, image_px=8)
STORED = TypeAdapter(Framing)


def test_a_file_is_cropped_and_resized(
    tmp_path: Path, write_image: Callable[..., np.ndarray]
) -> None:
    picture = write_image(tmp_path / "a.png", px=12)
    image = replace(FRAMING, crop_px=8, image_px=4).read(tmp_path / "a.png")
    blocks = picture[2:10, 2:10].reshape(4, 2, 4, 2, 3).mean(axis=(1, 3)).transpose(2, 0, 1)
    assert image.dtype == np.uint8
    np.testing.assert_allclose(image, blocks, atol=0.5)


def test_bands_are_averaged_or_repeated(
    tmp_path: Path, write_image: Callable[..., np.ndarray]
) -> None:
    color = write_image(tmp_path / "color.png")
    gray = write_image(tmp_path / "gray.png", channels=1)
    mean = np.rint(color.mean(axis=2))
    np.testing.assert_array_equal(
        replace(FRAMING, bands=GRAY).read(tmp_path / "color.png")[0], mean
    )
    np.testing.assert_array_equal(FRAMING.read(tmp_path / "gray.png"), np.stack([gray] * 3))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"depth": "16-bit"}, "8-bit values, not 16-bit"),
        ({"crop_px": 9}, "8 x 8 px, smaller than the crop of 9"),
        ({"max_megapixels": 0.00005}, "over the limit"),
    ],
)
def test_files_that_do_not_fit_are_refused(
    tmp_path: Path,
    write_image: Callable[..., np.ndarray],
    changes: dict[str, object],
    reason: str,
) -> None:
    write_image(tmp_path / "a.png")
    with pytest.raises(BadImage, match=reason):
        replace(FRAMING, **changes).read(tmp_path / "a.png")  # type: ignore[arg-type]


def test_an_unknown_depth_accepts_any(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((8, 8), 999, np.uint16))
    image = replace(FRAMING, bands=GRAY, depth=None).read(tmp_path / "a.png")
    assert image.dtype == np.float32
    assert (image == 999).all()


def test_json_keeps_every_field_and_is_read_strictly() -> None:
    framing = replace(FRAMING, crop_px=40, hdu=1)
    text = STORED.dump_json(framing)
    assert STORED.validate_json(text, strict=True) == framing
    for wrong in ({"image_px": 0}, {"image_px": "8"}, {"bands": "rgb"}, {"depth": "7-bit"}):
        with pytest.raises(ValidationError):
            STORED.validate_python(asdict(framing) | wrong, strict=True)


def test_a_source_states_the_framing_that_made_its_images(
    tmp_path: Path,
    write_image: Callable[..., np.ndarray],
    source_settings: Callable[..., object],
) -> None:
    for label in "ab":
        for seed in range(3):
            write_image(tmp_path / f"images/{label}/{label}{seed}.png", seed, px=12)
    settings = source_settings(
        "image_folder", root=str(tmp_path / "images"), crop_px=10, image_px=None, stretch="srgb"
    )
    for _ in range(2):  # decoded, and from the cache
        dataset: ImageDataset = load(settings)  # type: ignore[arg-type]
        assert dataset.framing == Framing(RGB, "8-bit", "srgb", crop_px=10, image_px=10)
        np.testing.assert_array_equal(
            dataset.framing.read(tmp_path / "images/b/b1.png"), dataset.images[4]
        )
