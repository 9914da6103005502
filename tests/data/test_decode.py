from __future__ import annotations

import os
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from astroclf.data.decode import decode, fit, read_header
from astroclf.data.formats.kinds import BadImage

SHAPES = {"grey": (7, 10), "rgb": (7, 10, 3), "rgba": (7, 10, 4)}


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def expected_of(values: np.ndarray) -> np.ndarray:
    """(C, H, W) of (H, W[, 3 or 4]) in red, green, blue, alpha."""
    return values[None] if values.ndim == 2 else values[..., :3].transpose(2, 0, 1)


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
        swapped = {"grey": slice(None), "rgb": [2, 1, 0], "rgba": [2, 1, 0, 3]}[kind]
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

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    size = struct.pack(">IIBBBBB", 4, 5, 16, 4, 0, 0, 0)
    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", size)
        + png_chunk(b"IDAT", zlib.compress(rows))
        + png_chunk(b"IEND", b"")
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


@pytest.mark.parametrize("extension", ["jpg", "png", "tif", "gif", "bmp", "webp"])
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


def reason_of(file: Path, **limits: float) -> str:
    """The reason of read_header and decode, which must be the same."""
    reasons = []
    for read in (read_header, decode):
        with pytest.raises(BadImage) as bad:
            read(file, **limits)
        reasons.append(str(bad.value))
    assert reasons[0] == reasons[1]
    return reasons[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"no picture", "not a JPEG, PNG, TIFF, WebP, BMP or GIF image"),
        (b"SIMPLE  =                    T".ljust(2880), "FITS, which is not readable yet"),
        (b"P6 1 1 255 abc", "a PPM image, which is not supported"),
        (b"<!DOCTYPE html><html>", "an HTML page, not an image"),
        (b"PK\x03\x04....", "a ZIP archive, not an image"),
        (b"\xff\xd8\xff\xe0", "damaged or an unsupported kind of JPEG"),
    ],
)
def test_a_file_that_is_no_picture_is_named_for_what_it_is(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    assert reason in reason_of(tmp_path / "a.jpg")


def test_a_jpeg_of_twelve_bits_is_not_called_damaged(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    content = bytearray((tmp_path / "a.jpg").read_bytes())
    content[content.index(b"\xff\xc0") + 4] = 12  # sample precision of the frame header
    (tmp_path / "a.jpg").write_bytes(content)
    assert "cannot handle 12-bit" in reason_of(tmp_path / "a.jpg").lower()


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "lost.png").symlink_to("nowhere.png")
    assert reason_of(tmp_path / "pipe.png") == "a named pipe, not a regular file"
    assert reason_of(tmp_path / "folder.png") == "a folder, not a regular file"
    assert reason_of(tmp_path / "zero.png") == "a device, not a regular file"
    assert reason_of(tmp_path / "lost.png") == "a broken link"
    assert reason_of(tmp_path / "absent.png") == "cannot be read (No such file or directory)"


def test_the_extension_of_a_file_does_not_matter(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    for number, kind in enumerate(("PNG", "BMP", "TIFF")):
        Image.fromarray(noise).save(tmp_path / f"{number}.jpg", format=kind)
        np.testing.assert_array_equal(decode(tmp_path / f"{number}.jpg"), expected_of(noise))


@pytest.mark.parametrize(
    ("dtype", "bands", "extra_samples", "reason"),
    [
        (np.float32, 3, (), "32-bit float, 3 bands: not supported"),
        (np.float64, 1, (), "64-bit float, 1 band: not supported"),
        (np.int16, 1, (), "16-bit signed integer, 1 band: not supported"),
        (np.uint32, 1, (), "32-bit integer, 1 band: not supported"),
        (np.uint8, 2, (), "2 bands, of which 1 can be used"),
        (np.uint8, 4, (), "4 bands, of which 3 can be used"),
        (np.uint16, 4, (0,), "4 bands, of which 3 can be used"),
        (np.uint8, 5, (0, 0), "5 bands, of which 3 can be used"),
        (np.uint16, 5, (2, 0), "5 bands, of which 3 can be used"),
    ],
)
def test_a_tiff_that_is_not_supported_names_its_depth_and_bands(
    tmp_path: Path,
    write_tiff: Callable[..., None],
    dtype: type,
    bands: int,
    extra_samples: tuple[int, ...],
    reason: str,
) -> None:
    values = np.ones((6, 8, bands), dtype)
    write_tiff(tmp_path / "a.tif", values[..., 0] if bands == 1 else values, extra_samples)
    assert reason in reason_of(tmp_path / "a.tif")


@pytest.mark.parametrize("extra_samples", [(1,), (2,)])
@pytest.mark.parametrize("bands", [2, 4])
def test_alpha_that_a_tiff_marks_is_dropped(
    tmp_path: Path, write_tiff: Callable[..., None], bands: int, extra_samples: tuple[int, ...]
) -> None:
    values = np.full((6, 8, bands), 255, np.uint8)  # opaque: a decoder may divide by alpha
    write_tiff(tmp_path / "a.tif", values, extra_samples)
    np.testing.assert_array_equal(
        decode(tmp_path / "a.tif"), np.full((bands - 1, 6, 8), 255, np.uint8)
    )


@pytest.mark.parametrize("extension", ["png", "jpg", "tif", "gif", "bmp", "webp"])
def test_a_picture_over_the_limit_is_refused_by_its_size(tmp_path: Path, extension: str) -> None:
    file = tmp_path / f"a.{extension}"
    Image.new("RGB", (60, 50)).save(file)
    assert decode(file, max_megapixels=0.003).shape[1:] == (50, 60)
    reason = reason_of(file, max_megapixels=0.0029)
    assert "60 x 50 px: over the limit of 0.0029 megapixels" in reason


def test_a_short_file_that_claims_many_pixels_takes_no_memory(tmp_path: Path) -> None:
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
    assert read_header(file).pages == 3
    np.testing.assert_array_equal(decode(file)[0], noise[0])


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
    picture, header = decode(tmp_path / f"a.{extension}"), read_header(tmp_path / f"a.{extension}")
    np.testing.assert_array_equal(picture, expected_of(np.array(upright)))
    assert (header.height_px, header.width_px) == picture.shape[1:]


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_the_orientation_of_sixteen_bit_pictures_is_applied(tmp_path: Path, extension: str) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (6, 9), dtype=np.uint16)
    image = Image.fromarray(values)
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    image.save(tmp_path / f"a.{extension}", exif=exif)
    np.testing.assert_array_equal(decode(tmp_path / f"a.{extension}")[0], np.rot90(values, -1))


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
