from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from astroclf.data.dataset import ImageDataset
from astroclf.data.formats import GRAY, RGB, BadImage
from astroclf.data.framing import Framing
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


def test_the_crop_is_the_center() -> None:
    picture = np.arange(5 * 8, dtype=np.uint8).reshape(1, 5, 8)
    gray = replace(FRAMING, bands=GRAY)
    np.testing.assert_array_equal(replace(gray, image_px=5).fit(picture), picture[:, :, 1:6])
    cropped = replace(gray, crop_px=3, image_px=3).fit(picture)
    np.testing.assert_array_equal(cropped, picture[:, 1:4, 2:5])


@pytest.mark.parametrize("bands", [GRAY, RGB, ("u", "g", "r", "i", "z")])
def test_shrinking_averages_areas_and_keeps_flux(bands: tuple[str, ...]) -> None:
    counts = np.random.default_rng(0).uniform(0, 65535, (len(bands), 12, 12)).astype(np.float32)
    small = replace(FRAMING, bands=bands, depth="16-bit", image_px=4).fit(counts)
    blocks = counts.reshape(len(bands), 4, 3, 4, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(small, blocks, rtol=1e-5)


def test_enlarged_16_bit_values_stay_in_their_range() -> None:
    edge = np.zeros((1, 8, 8), np.float32)
    edge[..., 4:] = 65535
    large = replace(FRAMING, bands=GRAY, depth="16-bit", image_px=32).fit(edge)
    assert large.shape == (1, 32, 32)
    assert (large.min(), large.max()) == (0, 65535)
    flux = replace(FRAMING, bands=GRAY, depth="float", image_px=32).fit(edge)
    assert flux.min() < 0 < 65535 < flux.max()  # cubic interpolation overshoots


def test_bands_are_averaged_or_repeated() -> None:
    color = np.array([10, 20, 61], np.uint8)[:, None, None] * np.ones((3, 8, 8), np.uint8)
    gray = replace(FRAMING, bands=GRAY).fit(color)
    assert gray.dtype == np.uint8
    np.testing.assert_array_equal(gray, np.full((1, 8, 8), 30))
    np.testing.assert_array_equal(FRAMING.fit(gray), np.full((3, 8, 8), 30))
    with pytest.raises(BadImage, match="3 bands, not 5"):
        replace(FRAMING, bands=("u", "g", "r", "i", "z")).fit(color)


@given(
    height_px=st.integers(1, 40),
    width_px=st.integers(1, 40),
    image_px=st.integers(1, 40),
    channels=st.sampled_from([1, 3]),
    bands=st.sampled_from([GRAY, RGB]),
    dtype=st.sampled_from([np.uint8, np.float32]),
)
def test_uniform_pictures_stay_uniform_at_any_size(
    height_px: int, width_px: int, image_px: int, channels: int, bands: tuple[str, ...], dtype: type
) -> None:
    picture = np.full((channels, height_px, width_px), 77, dtype)
    image = replace(FRAMING, bands=bands, depth=None, image_px=image_px).fit(picture)
    assert image.shape == (len(bands), image_px, image_px)
    assert image.dtype == dtype
    np.testing.assert_allclose(image, 77, rtol=1e-5)


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
