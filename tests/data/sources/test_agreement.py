from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from astroclf.data.formats import GRAY, RGB, Header
from astroclf.data.sources.agreement import Picture, find_mismatches
from astroclf.errors import UserError

USUAL = Header(8, 9, RGB, "8-bit")
FIVE: list[Picture] = [(f"{number}.png", USUAL) for number in range(5)]
ODD = {
    "gray.png": (replace(USUAL, bands=GRAY), "gray, unlike most, which are color"),
    "ugriz.fits": (replace(USUAL, bands=tuple("ugriz")), "5 bands, unlike most, which are color"),
    "large.png": (replace(USUAL, height_px=12, width_px=12), "12 px, unlike most, which are 8 px"),
    "deep.png": (replace(USUAL, depth="16-bit"), "16-bit, unlike most, which are 8-bit"),
}
Settings = Callable[..., Any]


@pytest.fixture
def file_settings(source_settings: Settings) -> Settings:
    """file_settings(**values): settings of images at their own size."""
    return lambda **values: source_settings("image_folder", **{"image_px": None, **values})


@pytest.mark.parametrize("name", ODD)
def test_images_that_differ_from_most_are_refused_or_left_out(
    file_settings: Settings, name: str
) -> None:
    header, reason = ODD[name]
    with pytest.raises(UserError, match=rf"on_bad_image=skip\. Unlike most: {name} \("):
        find_mismatches([(name, header), *FIVE], file_settings())
    assert find_mismatches([(name, header), *FIVE], file_settings(on_bad_image="skip")) == {
        name: reason
    }


def test_every_kind_of_mismatch_is_left_out(file_settings: Settings) -> None:
    pictures = [(name, header) for name, (header, _) in ODD.items()]
    found = find_mismatches([*pictures, *FIVE], file_settings(on_bad_image="skip"))
    assert found == {name: reason for name, (_, reason) in ODD.items()}


def test_conversion_makes_channels_and_sizes_agree(file_settings: Settings) -> None:
    gray, large = (ODD[name][0] for name in ("gray.png", "large.png"))
    pictures = [*FIVE, ("gray.png", gray), ("large.png", large)]
    assert find_mismatches(pictures, file_settings(channels=3, image_px=8)) == {}
    assert find_mismatches(pictures, file_settings(channels=1, crop_px=8)) == {}


def test_without_a_majority_images_are_refused(file_settings: Settings) -> None:
    pictures = [FIVE[0], ("large.png", ODD["large.png"][0])]
    with pytest.raises(UserError, match=r"differ in size, 8 px \(1\), 12 px \(1\)") as refusal:
        find_mismatches(pictures, file_settings(on_bad_image="skip"))
    assert "on_bad_image" not in str(refusal.value)


def test_images_smaller_than_the_crop_are_refused_or_left_out(file_settings: Settings) -> None:
    small = ("small.png", replace(USUAL, height_px=4))
    found = find_mismatches([small, *FIVE], file_settings(on_bad_image="skip", crop_px=6))
    assert found == {"small.png": "4 px, less than dataset.crop_px=6"}
    with pytest.raises(
        UserError, match=r"crop_px=10 is larger than 6 of 6 .*small\.png \(4 px\).* 4 at most\."
    ):
        find_mismatches([small, *FIVE], file_settings(on_bad_image="skip", crop_px=10))
