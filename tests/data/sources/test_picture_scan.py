from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astroclf.data.picture_hashes import hash_pictures
from astroclf.data.sources.picture_scan import scan_pictures


def test_a_scan_is_made_once_for_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).normal(size=(7, 2, 8, 8)).astype(np.float32)
    images[2, 1, 3, 3], images[5, 0, 0, 0], images[5, 1, 0, 0] = np.nan, np.inf, np.nan
    scan = scan_pictures(images, tmp_path, "a")
    assert scan.not_finite == 2
    np.testing.assert_array_equal(scan.hashes, hash_pictures(images))
    monkeypatch.setattr("astroclf.data.sources.picture_scan.hash_pictures", None)
    again = scan_pictures(images, tmp_path, "a")
    np.testing.assert_array_equal(again.hashes, scan.hashes)
    assert again.not_finite == 2


def test_whole_numbers_are_finite(tmp_path: Path) -> None:
    assert scan_pictures(np.zeros((3, 1, 4, 4), np.uint8), tmp_path, "a").not_finite == 0
