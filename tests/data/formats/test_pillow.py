from __future__ import annotations

import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from astroclf.data.formats import BadImage, decode, read_header
from fixtures.image_files import channels_first, decoded, reason_of

SHAPES = {"gray": (7, 10), "rgb": (7, 10, 3), "rgba": (7, 10, 4)}


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@pytest.mark.parametrize("extension", ["png", "tif"])
@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_lossless_files_keep_every_bit(
    tmp_path: Path, write_tiff: Callable[..., None], kind: str, extension: str, dtype: type
) -> None:
    values = np.random.default_rng(0).integers(
        0, np.iinfo(dtype).max + 1, SHAPES[kind], dtype=dtype
    )
    file = tmp_path / f"a.{extension}"
    if extension == "tif":
        write_tiff(file, values, extra_samples=(2,))
    else:
        swapped = {"gray": slice(None), "rgb": [2, 1, 0], "rgba": [2, 1, 0, 3]}[kind]
        cv2.imwrite(str(file), values if kind == "gray" else values[..., swapped])  # wants BGR

    picture, header = decoded(file), read_header(file)

    np.testing.assert_array_equal(picture, channels_first(values))
    assert picture.dtype == (np.uint8 if dtype == np.uint8 else np.float32)
    assert (header.channels, header.height_px, header.width_px) == picture.shape
    assert header.depth == f"{np.iinfo(dtype).bits}-bit"


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_deflate"])
def test_sixteen_bit_gray_tiff_of_another_writer(tmp_path: Path, compression: str | None) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (6, 9), dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / "a.tiff", compression=compression)
    np.testing.assert_array_equal(decoded(tmp_path / "a.tiff")[0], values)


def test_sixteen_bit_gray_with_alpha_is_gray(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (5, 4, 2), dtype=np.uint16)

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    size = struct.pack(">IIBBBBB", 4, 5, 16, 4, 0, 0, 0)
    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", size)
        + png_chunk(b"IDAT", zlib.compress(rows))
        + png_chunk(b"IEND", b"")
    )
    assert read_header(tmp_path / "a.png").channels == 1
    np.testing.assert_array_equal(decoded(tmp_path / "a.png"), values[None, ..., 0])


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
def test_other_modes_become_gray_or_rgb(
    tmp_path: Path, mode: str, extension: str, channels: int
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    file = tmp_path / f"a.{extension}"
    Image.fromarray(noise).convert(mode).save(file)
    reference = np.array(Image.open(file).convert("L" if channels == 1 else "RGB"))
    np.testing.assert_array_equal(decoded(file), channels_first(reference))
    assert read_header(file).channels == channels


@pytest.mark.parametrize("extension", ["jpg", "png", "tif", "gif", "bmp", "webp"])
@pytest.mark.parametrize("left", [0.1, 0.5, 0.9])
@pytest.mark.filterwarnings("ignore:.*(Truncated|Corrupt).*")
def test_truncated_files_are_refused(tmp_path: Path, extension: str, left: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    file = tmp_path / f"a.{extension}"
    Image.fromarray(noise).save(file)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(left * len(whole))])
    with pytest.raises(BadImage, match="truncated"):
        decode(file)


def test_a_jpeg_of_twelve_bits_is_named_as_unsupported(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    content = bytearray((tmp_path / "a.jpg").read_bytes())
    content[content.index(b"\xff\xc0") + 4] = 12  # sample precision of the frame header
    (tmp_path / "a.jpg").write_bytes(content)
    assert "cannot handle 12-bit" in reason_of(tmp_path / "a.jpg").lower()


@pytest.mark.parametrize("extension", ["png", "jpg", "tif", "gif", "bmp", "webp"])
def test_pictures_over_the_limit_are_refused_by_their_size(tmp_path: Path, extension: str) -> None:
    file = tmp_path / f"a.{extension}"
    Image.new("RGB", (60, 50)).save(file)
    assert decoded(file, max_megapixels=0.003).shape[1:] == (50, 60)
    reason = reason_of(file, max_megapixels=0.0029)
    assert "60 x 50 px: over the limit of 0.0029 megapixels" in reason


def test_a_short_file_with_a_large_header_is_refused_without_allocation(tmp_path: Path) -> None:
    size = struct.pack(">IIBBBBB", 9000, 9000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", size), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")]
    (tmp_path / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)
    )
    tracemalloc.start()
    assert reason_of(tmp_path / "bomb.png") == "truncated"
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


@pytest.mark.parametrize("extension", ["tif", "gif", "webp", "png"])
def test_pages_and_frames_are_counted_and_the_first_is_decoded(
    tmp_path: Path, extension: str
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3, 8, 8), dtype=np.uint8)
    first, *others = [Image.fromarray(each) for each in noise]
    file = tmp_path / f"a.{extension}"
    options = {"lossless": True} if extension == "webp" else {}
    first.save(file, save_all=True, append_images=others, **options)
    assert read_header(file).n_frames == 3
    np.testing.assert_array_equal(decoded(file)[0], noise[0])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", ["png", "tif", "webp"])
def test_the_orientation_of_exif_is_applied(
    tmp_path: Path, extension: str, orientation: int
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    exif = image.getexif()
    exif[0x0112] = orientation
    options = {"lossless": True} if extension == "webp" else {}
    image.save(tmp_path / f"a.{extension}", exif=exif, **options)
    upright = ImageOps.exif_transpose(Image.open(tmp_path / f"a.{extension}"))
    picture, header = decoded(tmp_path / f"a.{extension}"), read_header(tmp_path / f"a.{extension}")
    np.testing.assert_array_equal(picture, channels_first(np.array(upright)))
    assert (header.height_px, header.width_px) == picture.shape[1:]


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_the_orientation_of_sixteen_bit_pictures_is_applied(tmp_path: Path, extension: str) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (6, 9), dtype=np.uint16)
    image = Image.fromarray(values)
    exif = image.getexif()
    exif[0x0112] = 6  # rotate clockwise by 90 degrees
    image.save(tmp_path / f"a.{extension}", exif=exif)
    np.testing.assert_array_equal(decoded(tmp_path / f"a.{extension}")[0], np.rot90(values, -1))
