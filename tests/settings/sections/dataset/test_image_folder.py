from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.settings import Settings

Refusal = Callable[..., str]

ROOT, BANDS = ("dataset=image_folder", "dataset.root=images"), "dataset.bands=[g,r]"


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["dataset=image_folder"],
            "dataset.root is not set. Give the folder with train/, val/ and test/, or with one folder per class, as dataset.root=<folder>.",
        ),
        (
            [*ROOT, "dataset.pattern='s-{band}-{id}.fits'"],
            "dataset.pattern=s-{band}-{id}.fits: the bands are not named. Name them in the order of the channels, as dataset.bands=[g,r,i].",
        ),
        (
            [*ROOT, BANDS, "dataset.pattern='s-{id}.fits'"],
            "dataset.pattern=s-{id}.fits: needs {band}, and {id} or {ra} and {dec}. Give a pattern such as stamp-{band}-{id}.fits.",
        ),
        (
            [*ROOT, BANDS, "dataset.pattern='s-{filter}-{id}.fits'"],
            "dataset.pattern=s-{filter}-{id}.fits: fields are {band}, {id}, {ra}, {dec}. Give a pattern such as stamp-{band}-{id}.fits.",
        ),
        (
            [*ROOT, BANDS, "dataset.pattern='{band}-{ra}.fits'"],
            "dataset.pattern={band}-{ra}.fits: has one of {ra} and {dec}. Give both or neither.",
        ),
        (
            [*ROOT, BANDS, "dataset.pattern='{band}-{ra}-{dec}.fits'"],
            "dataset.pattern={band}-{ra}-{dec}.fits: states positions, but the width of an image on the sky is unknown. Set dataset.pixel_scale_arcsec, or use {id} instead of {ra} and {dec}.",
        ),
        (
            [*ROOT, BANDS, "dataset.channels=3"],
            "dataset.bands=[g,r]: dataset.channels=3 would convert these bands. Set dataset.channels=auto.",
        ),
        (
            [*ROOT, "dataset.bands=[g,r,g]"],
            "dataset.bands=[g,r,g]: a band is named twice. Name each once.",
        ),
        (
            [*ROOT, "dataset.bands={g: 2}", "dataset.pattern='{band}-{id}.fits'"],
            "dataset.bands=[g]: there is one file per band, so that no planes of a file are chosen. Give the names alone, as a list.",
        ),
    ],
)
def test_values_that_do_not_fit_are_refused(
    refusal: Refusal, overrides: list[str], sentence: str
) -> None:
    assert refusal(*overrides) == sentence


@pytest.mark.parametrize(
    "overrides",
    [
        ["dataset=image_folder", "dataset.root=images"],
    ],
    ids=" ".join,
)
def test_a_root_is_accepted(settings: Callable[..., Settings], overrides: list[str]) -> None:
    assert settings(*overrides).dataset.target_kind == "classes"
