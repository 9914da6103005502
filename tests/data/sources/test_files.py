from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from astroclf.data.sources.files import ReadFiles, name_ids, read_images
from astroclf.errors import UserError

Read = Callable[..., ReadFiles]


@pytest.fixture
def read_named(tmp_path: Path, source_settings: Callable[..., Any]) -> Read:
    """read_named(names, **settings): reads files of tmp_path, by default at their own size."""

    def read_with(names: list[str], **values: Any) -> ReadFiles:
        values = {"image_px": None, **values}
        return read_images(tmp_path, names, source_settings("image_folder", **values))

    return read_with


@pytest.fixture
def entries(tmp_path: Path) -> Callable[[], set[tuple[str, int]]]:
    """entries(): name and time of each entry in the cache; unchanged if nothing is decoded."""

    def list_entries() -> set[tuple[str, int]]:
        return {
            (file.parent.name, file.stat().st_mtime_ns)
            for file in (tmp_path / "cache").glob("*/images.npy")
        }

    return list_entries


def test_images_come_in_the_order_of_the_files(
    tmp_path: Path, read_named: Read, write_image: Callable[..., np.ndarray]
) -> None:
    names = [f"{i % 7}/{i}.png" for i in range(150)]  # more than a thread takes at a time
    pictures = [write_image(tmp_path / name, seed) for seed, name in enumerate(names)]
    result = read_named(names)
    np.testing.assert_array_equal(result.images, np.stack(pictures).transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(result.kept, np.arange(150))
    assert result.skipped == {}
    assert isinstance(result.images, np.memmap)


def test_files_are_decoded_once_whatever_their_folder(
    tmp_path: Path,
    read_named: Read,
    write_image: Callable[..., np.ndarray],
    entries: Callable[[], set[tuple[str, int]]],
) -> None:
    for seed in range(3):
        write_image(tmp_path / f"{seed}.png", seed)
    names = ["0.png", "1.png", "2.png"]
    read_named(names)
    once = entries()
    assert len(once) == 1
    read_named(names)
    read_named(names, stretch="linear", pixel_scale_arcsec=1.0)  # without effect on pixel values

    (tmp_path / "moved").mkdir()
    for name in names:
        (tmp_path / name).rename(tmp_path / "moved" / name)
    read_named([f"moved/{name}" for name in names])
    assert entries() == once

    write_image(tmp_path / "moved/1.png", 9)
    read_named([f"moved/{name}" for name in names])
    read_named([f"moved/{name}" for name in names], crop_px=4)
    assert len(entries()) == 3


@pytest.fixture
def half_bad(tmp_path: Path, write_image: Callable[..., np.ndarray]) -> list[str]:
    """Fourteen files, the odd ones bad in different ways."""
    names = [f"{i:02d}.jpg" for i in range(14)]
    for seed, name in enumerate(names):
        write_image(tmp_path / name, seed, px=16)
    whole = (tmp_path / names[1]).read_bytes()
    for position in range(1, 14, 2):
        broken = [b"", b"no picture", whole[: len(whole) // 2]][position % 3]
        (tmp_path / names[position]).write_bytes(broken)
    return names


def test_bad_images_are_left_out(read_named: Read, half_bad: list[str]) -> None:
    good = read_named(half_bad[::2])
    for _ in range(2):  # decoded, and from the cache
        result = read_named(half_bad, on_bad_image="skip")
        np.testing.assert_array_equal(result.images, good.images)
        np.testing.assert_array_equal(result.kept, np.arange(0, 14, 2))
        assert list(result.skipped) == half_bad[1::2]
        assert set(result.skipped.values()) == {
            "empty file",
            "not a JPEG, PNG, TIFF, WebP, BMP, GIF or FITS image",
            "truncated, damaged or an unsupported kind of JPEG",
        }


def test_bad_images_are_refused_by_name_and_reason(
    tmp_path: Path,
    read_named: Read,
    half_bad: list[str],
    entries: Callable[[], set[tuple[str, int]]],
) -> None:
    with pytest.raises(UserError, match=r"7 of 14 .*01\.jpg, 07.*\(not a JPEG.*on_bad_image=skip"):
        read_named(half_bad)
    once = entries()
    assert len(once) == 1  # decoded images are kept although the run is refused
    read_named(half_bad, on_bad_image="skip")
    assert entries() == once
    for number in range(20):
        (tmp_path / f"empty{number:02d}.png").touch()
    empty = [f"empty{number:02d}.png" for number in range(20)]
    with pytest.raises(UserError, match="20 of 34") as refusal:
        read_named([*half_bad[::2], *half_bad[::2], *empty])
    assert "empty00.png, empty01.png, empty02.png, ... and 17 more (empty file)." in str(
        refusal.value
    )


def test_only_bad_images_are_refused(tmp_path: Path, read_named: Read, half_bad: list[str]) -> None:
    (tmp_path / "15.jpg").touch()
    for names in (half_bad[1::2], ["15.jpg"], half_bad[5:6]):
        with pytest.raises(UserError, match=f"None of the {len(names)} images can be used"):
            read_named(names, on_bad_image="skip")


def test_images_that_differ_from_most_are_left_out(
    tmp_path: Path, read_named: Read, write_image: Callable[..., np.ndarray]
) -> None:
    usual = [f"{seed}.png" for seed in range(5)]
    for seed, name in enumerate(usual):
        write_image(tmp_path / name, seed)
    write_image(tmp_path / "gray.png", channels=1)
    cv2.imwrite(str(tmp_path / "deep.png"), np.full((8, 8, 3), 999, np.uint16))
    result = read_named(["gray.png", "deep.png", *usual], on_bad_image="skip")
    assert list(result.skipped) == ["gray.png", "deep.png"]
    np.testing.assert_array_equal(result.images, read_named(usual).images)
    assert read_named(["0.png", "gray.png"], channels=1).images.shape == (2, 1, 8, 8)
    assert read_named(["0.png", "gray.png"], channels=3).images.shape == (2, 3, 8, 8)


def test_files_with_several_frames_give_a_warning(
    tmp_path: Path,
    read_named: Read,
    write_image: Callable[..., np.ndarray],
    caplog: pytest.LogCaptureFixture,
) -> None:
    pages = [Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (10, 20)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    write_image(tmp_path / "one.png")
    for _ in range(2):  # decoded, and from the cache
        caplog.clear()
        assert (read_named(["one.png", "pages.tif"]).images[1] == 10).all()
        assert "1 of 2 images have several pages" in caplog.text
        assert "pages.tif (2)" in caplog.text


def test_files_over_max_megapixels_are_refused(
    tmp_path: Path, read_named: Read, write_image: Callable[..., np.ndarray]
) -> None:
    write_image(tmp_path / "large.png", px=30)
    assert read_named(["large.png"]).images.shape[-1] == 30
    with pytest.raises(UserError, match=r"large\.png \(30 x 30 px: over the limit of 0.0005 mega"):
        read_named(["large.png"], max_megapixels=0.0005)


def test_the_pixel_scale_follows_crop_and_resize(
    tmp_path: Path,
    read_named: Read,
    write_image: Callable[..., np.ndarray],
    caplog: pytest.LogCaptureFixture,
) -> None:
    write_image(tmp_path / "a.png", px=12)
    write_image(tmp_path / "b.png", px=16)

    def scale(names: list[str], **values: Any) -> float | None:
        return read_named(names, pixel_scale_arcsec=0.5, **values).pixels.pixel_scale_arcsec

    assert scale(["a.png"]) == 0.5
    assert scale(["a.png"], image_px=4) == 1.5
    assert scale(["a.png", "b.png"], crop_px=8) == 0.5
    assert scale(["a.png", "b.png"], crop_px=8, image_px=16) == 0.25
    assert read_named(["a.png"], pixel_scale_arcsec=None).pixels.pixel_scale_arcsec is None
    assert caplog.messages == []
    assert scale(["a.png", "b.png"], image_px=8) is None
    assert "the pixel scale differs from image to image" in caplog.text
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_sixteen_bit_images_are_linear_counts(
    tmp_path: Path, read_named: Read, caplog: pytest.LogCaptureFixture
) -> None:
    cv2.imwrite(str(tmp_path / "a.tif"), np.full((8, 8), 40000, np.uint16))
    result = read_named(["a.tif"])
    assert result.images.dtype == np.float32
    assert result.images.max() == 40000
    assert (result.pixels.bands, result.pixels.stretch) == (("gray",), "linear")
    assert "linear counts" in caplog.text


def test_ids_are_unique_names_or_paths() -> None:
    ids = name_ids(["train/a/1.jpg", "train/a/2.jpg", "val/a/2.jpg", "val/a/3.x.png"])
    assert ids.tolist() == ["1", "train/a/2.jpg", "val/a/2.jpg", "3.x"]
