from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.data.bands import ImageFiles
from astroclf.data.formats import GRAY, RGB
from astroclf.data.framing import Framing
from astroclf.data.sources.decoding import decode_files, framing_of, reasons_of
from astroclf.errors import UserError


def whole_image(folder: Path, name: str) -> ImageFiles:
    return ImageFiles(name, (folder / name,))


def test_notes_have_the_shared_size_bands_and_depth(
    tmp_path: Path, write_image: Callable[..., np.ndarray], source_settings: Callable[..., Any]
) -> None:
    pictures = [write_image(tmp_path / f"{seed}.png", seed, px=12) for seed in range(3)]
    (tmp_path / "bad.png").write_bytes(b"")
    images = [whole_image(tmp_path, name) for name in ("0.png", "bad.png", "1.png", "2.png")]
    (tmp_path / "draft").mkdir()
    settings = source_settings("image_folder", image_px=None, on_bad_image="skip")
    notes = decode_files(tmp_path / "draft", images, settings)
    assert notes == {
        "bad": {1: "empty file"},
        "pages": {},
        "invalid": {},
        "source_px": 12,
        "bands": RGB,
        "depth": "8-bit",
        "masked": {},
    }
    decoded = np.load(tmp_path / "draft/images.npy")
    np.testing.assert_array_equal(decoded, np.stack(pictures).transpose(0, 3, 1, 2))


def test_no_usable_file_is_refused_with_the_reasons(
    tmp_path: Path, source_settings: Callable[..., Any]
) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    settings = source_settings("image_folder", on_bad_image="skip")
    with pytest.raises(UserError, match=r"None of the 1 images .*a\.png \(empty file\)"):
        decode_files(tmp_path, [whole_image(tmp_path, "a.png")], settings)


def test_the_framing_is_linear_for_more_than_8_bits(source_settings: Callable[..., Any]) -> None:
    settings = source_settings("image_folder", crop_px=20, stretch="asinh", max_megapixels=7)
    assert framing_of(settings, RGB, "8-bit", 16) == Framing(
        RGB, "8-bit", "asinh", crop_px=20, image_px=16, max_megapixels=7
    )
    assert framing_of(settings, GRAY, "16-bit", 16).stretch == "linear"


def test_reasons_name_the_first_files_of_each() -> None:
    reasons = {f"{number}.png": "empty file" for number in range(5)} | {"b.png": "truncated"}
    assert reasons_of(reasons) == (
        "0.png, 1.png, 2.png, ... and 2 more (empty file); b.png (truncated)"
    )
