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
            ["dataset.seeing_arcsec=[2,1]"],
            "dataset.seeing_arcsec=[2, 1]: should be [smallest, largest].",
        ),
        (
            ["dataset.signal_to_noise=[9,3]"],
            "dataset.signal_to_noise=[9, 3]: should be [smallest, largest].",
        ),
        (
            ["dataset=image_folder"],
            "dataset.root is not set. Give the folder with train/, val/ and test/, or with one folder per class, as dataset.root=<folder>.",
        ),
        (
            ["dataset=catalog"],
            "dataset.table is not set. Give the CSV that lists the images, as dataset.table=<file>.",
        ),
        (
            [*TABLE, "dataset.label_column=null"],
            "dataset.label_column and dataset.vote_columns: set exactly one of the two, a column of class names or a list of columns of vote fractions.",
        ),
        (
            [*TABLE, "dataset.vote_columns=[a,b]"],
            "dataset.label_column and dataset.vote_columns: set exactly one of the two, a column of class names or a list of columns of vote fractions.",
        ),
        (
            ["dataset.val_fraction=0.4", "dataset.test_fraction=0.6"],
            "dataset.val_fraction=0.4 and dataset.test_fraction=0.6 leave no images to train on. Choose a sum below 1.",
        ),
        (
            [*TABLE, "dataset.dec_column=dec"],
            "dataset.ra_column and dataset.dec_column: set both or neither.",
        ),
        (
            [*TABLE, *SKY],
            "dataset.ra_column=ra: the distance of overlapping neighbors is unknown. Set dataset.neighbor_arcsec, or dataset.pixel_scale_arcsec, so that it is the width of an image.",
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
        ["dataset.seeing_arcsec=[1,1]"],
        ["dataset=image_folder", "dataset.root=images"],
        [*TABLE, *SKY, "dataset.neighbor_arcsec=5"],
        [*TABLE, *SKY, "dataset.pixel_scale_arcsec=0.4"],
    ],
    ids=" ".join,
)
def test_values_that_agree_are_accepted(
    settings: Callable[..., Settings], overrides: list[str]
) -> None:
    assert settings(*overrides).dataset.target_kind == "classes"


def test_vote_fractions_are_chosen_by_target_or_columns(
    settings: Callable[..., Settings],
) -> None:
    assert settings("dataset.target=votes", "loss=mse").dataset.target_kind == "votes"
    columns = ("dataset.label_column=null", "dataset.vote_columns=[a,b]")
    assert settings(*TABLE, *columns, "loss=mse").dataset.target_kind == "votes"
