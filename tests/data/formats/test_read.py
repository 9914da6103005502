from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fixtures.image_files import channels_first, decoded, reason_of


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"no picture", "not a JPEG, PNG, TIFF, WebP, BMP, GIF or FITS image"),
        (b"P6 1 1 255 abc", "a PPM image, which is not supported"),
        (b"<!DOCTYPE html><html>", "an HTML page, not an image"),
        (b"PK\x03\x04....", "a ZIP archive, not an image"),
        (b"\xff\xd8\xff\xe0", "damaged or an unsupported kind of JPEG"),
    ],
)
def test_files_of_other_kinds_are_refused_by_their_kind(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    assert reason in reason_of(tmp_path / "a.jpg")


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


def test_formats_are_recognized_despite_a_wrong_extension(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    for number, kind in enumerate(("PNG", "BMP", "TIFF")):
        Image.fromarray(noise).save(tmp_path / f"{number}.jpg", format=kind)
        np.testing.assert_array_equal(decoded(tmp_path / f"{number}.jpg"), channels_first(noise))
