from __future__ import annotations

import pytest

from astroclf.data.pixels import Pixels
from astroclf.data.shown_bands import rgb_channels


@pytest.mark.parametrize(
    ("bands", "rgb_bands", "shown"),
    [
        ("gri", None, "irg"),
        ("irg", None, "irg"),  # by wavelength, whatever their order
        ("ugriz", None, "irg"),
        ("ugrzy", None, "yrg"),
        ("vzjh", None, "hjz"),
        ("zugri", "zru", "zru"),
        ("abcd", None, "dcb"),  # in their order where a name is not known
        ("ur", None, None),
        ("g", None, None),
        ("gri", "", None),
    ],
)
def test_red_green_and_blue_are_chosen_or_given(
    bands: str, rgb_bands: str | None, shown: str | None
) -> None:
    given = None if rgb_bands is None else tuple(rgb_bands)
    channels = rgb_channels(Pixels(tuple(bands), None, "linear", given))
    assert (channels and "".join(bands[channel] for channel in channels)) == shown
