from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.settings import Settings

GIVEN = ("dataset=cutouts", "dataset.frames=mosaics", "dataset.table=a.csv")


def test_a_width_in_arcsec_or_pixels_is_enough(settings: Callable[..., Settings]) -> None:
    assert settings(*GIVEN, "dataset.cutout_arcsec=12.8").dataset.cutout_arcsec == 12.8
    assert settings(*GIVEN, "dataset.cutout_px=32").dataset.cutout_px == 32


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("dataset.cutout_px=null",), "dataset.cutout_px and dataset.cutout_arcsec are not set"),
        (("dataset.cutout_px=32", "dataset.bands=[g,g]"), "a band is named twice"),
        (("dataset.cutout_px=32", "dataset.frames=null"), "dataset.frames is not set"),
        (("dataset.cutout_px=32", "dataset.x_column=x"), "set both or neither"),
        (
            ("dataset.cutout_px=32", "dataset.ra_column=null", "dataset.dec_column=null"),
            "dataset.ra_column and dataset.dec_column are not set",
        ),
        (
            ("dataset.cutout_px=32", "dataset.split_by=cell", "dataset.group_column=night"),
            "dataset.split_by=cell and dataset.group_column=night: set one of the two",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    refusal: Callable[..., str], overrides: tuple[str, ...], message: str
) -> None:
    assert message in refusal(*GIVEN, *overrides)
