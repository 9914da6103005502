from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from astroclf.data.decode import BadImage, decode, fit, read_header

SHAPES = {"grey": (7, 10), "rgb": (7, 10, 3), "rgba": (7, 10, 4)}


def expected_of(values: np.ndarray) -> np.ndarray:
    """(C, H, W) of (H, W[, 3 or 4]) in red, green, blue, alpha."""
    return values[None] if values.ndim == 2 else values[..., :3].transpose(2, 0, 1)


@pytest.mark.parametrize("extension", ["png", "tif"])
@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_lossless_files_keep_every_bit(
    tmp_path: Path, kind: str, extension: str, dtype: type
) -> None:
    values = np.random.default_rng(0).integers(
        0, np.iinfo(dtype).max + 1, SHAPES[kind], dtype=dtype
    )
    swapped = {"grey": slice(None), "rgb": [2, 1, 0], "rgba": [2, 1, 0, 3]}[kind]
    file = tmp_path / f"a.{extension}"
    cv2.imwrite(str(file), values if kind == "grey" else values[..., swapped])  # wants BGR

    picture, header = decode(file), read_header(file)

    np.testing.assert_array_equal(picture, expected_of(values))
    assert picture.dtype == (np.uint8 if dtype == np.uint8 else np.float32)
    assert (header.channels, header.height_px, header.width_px) == picture.shape
    assert header.bits == np.iinfo(dtype).bits


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_deflate"])
def test_sixteen_bit_grey_tiff_of_another_writer(tmp_path: Path, compression: str | None) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (6, 9), dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / "a.tiff", compression=compression)
    np.testing.assert_array_equal(decode(tmp_path / "a.tiff")[0], values)


def test_sixteen_bit_grey_with_alpha_is_grey(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (5, 4, 2), dtype=np.uint16)

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    size = struct.pack(">IIBBBBB", 4, 5, 16, 4, 0, 0, 0)
    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    assert read_header(tmp_path / "a.png").channels == 1
    np.testing.assert_array_equal(decode(tmp_path / "a.png"), values[None, ..., 0])


@pytest.mark.parametrize(
    ("mode", "extension", "channels"),
    [
        ("1", "png", 1),
        ("L", "jpg", 1),
        ("LA", "png", 1),
        ("P", "png", 3),
        ("RGB", "jpg", 3),
        ("CMYK", "jpg", 3),
        ("CMYK", "tif", 3),
    ],
)
def test_other_modes_become_grey_or_rgb(
    tmp_path: Path, mode: str, extension: str, channels: int
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    file = tmp_path / f"a.{extension}"
    Image.fromarray(noise).convert(mode).save(file)
    reference = np.array(Image.open(file).convert("L" if channels == 1 else "RGB"))
    np.testing.assert_array_equal(decode(file), expected_of(reference))
    assert read_header(file).channels == channels


@pytest.mark.parametrize("extension", ["jpg", "png", "tif"])
@pytest.mark.parametrize("left", [0.1, 0.5, 0.9])
@pytest.mark.filterwarnings("ignore:.*(Truncated|Corrupt).*")
def test_a_file_cut_short_is_bad(tmp_path: Path, extension: str, left: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    file = tmp_path / f"a.{extension}"
    Image.fromarray(noise).save(file)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(left * len(whole))])
    with pytest.raises(BadImage, match="truncated"):
        decode(file)


def test_reasons_of_bad_files(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("no picture")
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "float.tif")
    for name, reason in {
        "empty.jpg": "empty file",
        "text.jpg": "not a JPEG, PNG or TIFF image",
        "float.tif": "32 bits a value",
        "absent.jpg": "cannot be read",
    }.items():
        for read in (read_header, decode):
            with pytest.raises(BadImage, match=reason):
                read(tmp_path / name)


def test_crop_takes_the_centre() -> None:
    picture = np.arange(5 * 8, dtype=np.uint8).reshape(1, 5, 8)
    np.testing.assert_array_equal(fit(picture, None, None, "auto"), picture[:, :, 1:6])
    np.testing.assert_array_equal(fit(picture, 3, None, "auto"), picture[:, 1:4, 2:5])
    np.testing.assert_array_equal(fit(picture, 3, 3, "auto"), picture[:, 1:4, 2:5])


@pytest.mark.parametrize("channels", [1, 3])
def test_shrinking_averages_areas_and_keeps_flux(channels: int) -> None:
    counts = np.random.default_rng(0).uniform(0, 65535, (channels, 12, 12)).astype(np.float32)
    small = fit(counts, None, 4, "auto")
    blocks = counts.reshape(channels, 4, 3, 4, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(small, blocks, rtol=1e-5)


def test_enlarging_stays_in_the_range_of_files() -> None:
    edge = np.zeros((1, 8, 8), np.float32)
    edge[..., 4:] = 65535
    large = fit(edge, None, 32, "auto")
    assert large.shape == (1, 32, 32)
    assert (large.min(), large.max()) == (0, 65535)


def test_channels_are_averaged_or_repeated() -> None:
    colour = np.array([10, 20, 61], np.uint8)[:, None, None] * np.ones((3, 4, 4), np.uint8)
    grey = fit(colour, None, None, 1)
    assert grey.dtype == np.uint8
    np.testing.assert_array_equal(grey, np.full((1, 4, 4), 30))
    np.testing.assert_array_equal(fit(grey, None, None, 3), np.full((3, 4, 4), 30))


@given(
    height_px=st.integers(1, 40),
    width_px=st.integers(1, 40),
    image_px=st.integers(1, 40),
    channels=st.sampled_from([1, 3]),
    wanted=st.sampled_from(["auto", 1, 3]),
    dtype=st.sampled_from([np.uint8, np.float32]),
)
def test_an_even_picture_stays_even_at_any_size(
    height_px: int, width_px: int, image_px: int, channels: int, wanted: object, dtype: type
) -> None:
    picture = np.full((channels, height_px, width_px), 77, dtype)
    fitted = fit(picture, None, image_px, wanted)  # type: ignore[arg-type]
    assert fitted.shape == (channels if wanted == "auto" else wanted, image_px, image_px)
    assert fitted.dtype == dtype
    np.testing.assert_allclose(fitted, 77, rtol=1e-5)
