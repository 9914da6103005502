from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fixtures.image_files import decoded, reason_of


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
def test_unsupported_tiffs_are_refused_with_their_depth_and_bands(
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
def test_marked_alpha_is_dropped(
    tmp_path: Path, write_tiff: Callable[..., None], bands: int, extra_samples: tuple[int, ...]
) -> None:
    values = np.full((6, 8, bands), 255, np.uint8)  # opaque: a decoder may divide by alpha
    write_tiff(tmp_path / "a.tif", values, extra_samples)
    np.testing.assert_array_equal(
        decoded(tmp_path / "a.tif"), np.full((bands - 1, 6, 8), 255, np.uint8)
    )
