from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.settings import Settings

Refusal = Callable[..., str]

TABLE = ("dataset=catalog", "dataset.table=labels.csv")
SKY = ("dataset.ra_column=ra", "dataset.dec_column=dec")


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["dataset=catalog"],
            "dataset.table is not set. Give the CSV that lists the images, as dataset.table=<file>.",
        ),
        (
            [*TABLE, "dataset.label_column=null"],
            "dataset.label_column is null: there are no labels. Set it to a column of class names, or set dataset.vote_columns, dataset.vote_schema, dataset.soft_label_columns or dataset.annotator_columns.",
        ),
        (
            [*TABLE, "dataset.vote_columns=[a,b]"],
            "dataset.label_column and dataset.vote_columns: set exactly one of the two, a column of class names or columns of votes.",
        ),
        (
            [*TABLE, "dataset.dec_column=dec"],
            "dataset.ra_column and dataset.dec_column: set both or neither.",
        ),
        (
            [*TABLE, *SKY],
            "dataset.ra_column=ra: the distance of overlapping neighbors is unknown. Set dataset.neighbor_arcsec, or dataset.pixel_scale_arcsec, so that it is the width of an image.",
        ),
        (
            [*TABLE, "dataset.image_columns={g: file_g}", "dataset.bands=[g,r]"],
            "dataset.image_columns: no column of r. Give one for each band, as dataset.image_columns={g: file_g, r: file_r}.",
        ),
    ],
)
def test_values_that_contradict_each_other_are_refused(
    refusal: Refusal, overrides: list[str], sentence: str
) -> None:
    assert refusal(*overrides) == sentence


@pytest.mark.parametrize(
    "overrides",
    [
        [*TABLE, *SKY, "dataset.neighbor_arcsec=5"],
        [*TABLE, *SKY, "dataset.pixel_scale_arcsec=0.4"],
    ],
    ids=" ".join,
)
def test_values_that_agree_are_accepted(
    settings: Callable[..., Settings], overrides: list[str]
) -> None:
    assert settings(*overrides).dataset.target_kind == "classes"


def test_vote_columns_yield_vote_fractions(settings: Callable[..., Settings]) -> None:
    columns = ("dataset.label_column=null", "dataset.vote_columns=[a,b]")
    assert settings(*TABLE, *columns, "loss=mse").dataset.target_kind == "votes"
