from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from astroclf.data.formats import BadImage
from astroclf.data.invalid_pixels import (
    invalid_pixels_warning,
    replace_invalid,
    write_invalid_pixels,
)


def test_invalid_pixels_get_the_level_of_their_band() -> None:
    picture = np.ones((2, 4, 5), np.float32)
    picture[0, 0, :2] = np.nan
    picture[1, 3] = -np.inf
    image, share = replace_invalid(picture, np.array([8, 9], np.float32), ("g", "r"))
    assert share == pytest.approx(7 / 40)
    assert image.dtype == np.float32
    assert image[0, 0].tolist() == [8, 8, 1, 1, 1]
    assert image[1, 3].tolist() == [9] * 5
    assert image.sum() == 2 * 8 + 5 * 9 + 33
    assert np.isnan(picture[0, 0, 0])  # the given one is unchanged


def test_valid_images_are_returned_as_they_are() -> None:
    picture = np.ones((1, 4, 4), np.float32)
    assert replace_invalid(picture, np.zeros(1), ("g",)) == (picture, 0.0)


def test_a_band_of_mostly_invalid_pixels_makes_a_bad_image() -> None:
    picture = np.ones((2, 10, 10), np.float32)
    picture[1, :5] = np.nan
    replace_invalid(picture, np.zeros(2), ("g", "r"))  # half of it
    picture[1, 5, 0] = np.nan
    with pytest.raises(BadImage, match=r"51 % of the pixels of band r are NaN, infinite or blank"):
        replace_invalid(picture, np.zeros(2), ("g", "r"))
    with pytest.raises(BadImage, match=r"^100 % of the pixels are NaN"):
        replace_invalid(np.full((1, 2, 2), np.nan), np.zeros(1), ("g",))


def test_the_warning_counts_images_and_shares(tmp_path: Path) -> None:
    shares = np.array([0, 0.02, 0.1, 0], np.float32)
    warning = invalid_pixels_warning(shares)
    assert warning is not None
    assert "in 2 of 4 images were replaced" in warning
    assert "10 % of the pixels of one image at most, 3 % of all" in warning
    assert invalid_pixels_warning(np.zeros(4)) is None
    assert invalid_pixels_warning(None) is None
    write_invalid_pixels(tmp_path / "a.csv", np.array(["a", "b", "c", "d"]), shares)
    assert (tmp_path / "a.csv").read_text().split() == ["id,invalid_share", "c,0.1", "b,0.02"]
