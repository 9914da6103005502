from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from astroclf.errors import UserError
from astroclf.settings import read_settings
from astroclf.settings.metrics import metric_names

Config = Callable[..., dict[str, Any]]

FOLDER = ("dataset=image_folder", "dataset.root=images")
TABLE = ("dataset=catalog", "dataset.table=labels.csv")
VOTES = ("dataset.target=votes", "loss=mse")
CATALOG_VOTES = (*TABLE, "dataset.label_column=null", "dataset.vote_columns=[a,b]")
SKY = ("dataset.ra_column=ra", "dataset.dec_column=dec")
BINS = ("evaluation.bin_columns=[r]", "evaluation.metadata=a.csv", "evaluation.metadata_id=id")


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["dataset.seeing_arcsec=[2,1]"],
            "dataset.seeing_arcsec=[2, 1] does not fit: the smaller number stands first.",
        ),
        (
            ["dataset.signal_to_noise=[9,3]"],
            "dataset.signal_to_noise=[9, 3] does not fit: the smaller number stands first.",
        ),
        (
            ["dataset=image_folder"],
            "dataset.root is not set: give the folder that holds train/, val/ and test/, "
            "or one folder a class, as dataset.root=<folder>.",
        ),
        (
            ["dataset=catalog"],
            "dataset.table is not set: give the CSV that lists the images, as dataset.table=<file>.",
        ),
        (
            [*TABLE, "dataset.label_column=null"],
            "dataset.label_column and dataset.vote_columns: set exactly one of the two, "
            "a column of class names or a list of columns of vote fractions.",
        ),
        (
            [*TABLE, "dataset.vote_columns=[a,b]"],
            "dataset.label_column and dataset.vote_columns: set exactly one of the two, "
            "a column of class names or a list of columns of vote fractions.",
        ),
        (
            [*FOLDER, "dataset.val_fraction=0.4", "dataset.test_fraction=0.6"],
            "dataset.val_fraction=0.4 and dataset.test_fraction=0.6 leave nothing to train on: "
            "their sum should be less than 1.",
        ),
        (
            [*TABLE, "dataset.dec_column=dec"],
            "dataset.ra_column and dataset.dec_column: set both, or neither; one alone is no position.",
        ),
        (
            [*TABLE, *SKY],
            "dataset.ra_column needs to know how close neighbours are: set dataset.pixel_scale_arcsec, "
            "so that it is the width of an image, or dataset.neighbour_arcsec.",
        ),
        (
            ["dataset.target=votes"],
            "loss=ce needs classes, and this dataset gives vote fractions: choose loss=bce or mse.",
        ),
        (
            [*CATALOG_VOTES, "loss=focal"],
            "loss=focal needs classes, and this dataset gives vote fractions: choose loss=bce or mse.",
        ),
        (
            ["loss=mse"],
            "loss=mse needs vote fractions, and this dataset gives classes: "
            "choose loss=ce, bce or focal.",
        ),
        (
            ["loss=focal", "loss.class_weights=balanced"],
            "loss.class_weights=balanced and loss.alpha=0.25 both weigh the classes: "
            "set loss.alpha=null or loss.class_weights=none.",
        ),
        (
            ["loss=focal", "loss.form=softmax"],
            "loss.alpha=0.25 with loss.form=softmax does not fit: the softmax form takes a list "
            "with one weight a class; a single alpha belongs to loss.form=sigmoid.",
        ),
        (
            ["trainer.monitor=rmse"],
            "trainer.monitor=rmse does not fit a dataset of classes: choose one of "
            + ", ".join(metric_names("classes"))
            + ".",
        ),
        (
            [*VOTES, "trainer.monitor=accuracy"],
            "trainer.monitor=accuracy does not fit a dataset of vote fractions: "
            "choose one of loss, rmse, r2.",
        ),
        (
            ["evaluation.bin_columns=[r]", "evaluation.metadata=a.csv"],
            "evaluation.bin_columns needs evaluation.metadata=<csv file> and "
            "evaluation.metadata_id=<its column of image ids>.",
        ),
        (
            ["evaluation.bin_columns=[r]", "evaluation.metadata_id=id"],
            "evaluation.bin_columns needs evaluation.metadata=<csv file> and "
            "evaluation.metadata_id=<its column of image ids>.",
        ),
        (
            [*VOTES, "evaluation.logit_adjustment=1"],
            "evaluation.logit_adjustment favours rare classes, and this dataset gives vote fractions: set it to 0.",
        ),
        (
            [*VOTES, "evaluation.threshold=acuracy"],
            "evaluation.threshold=acuracy does not fit vote fractions: the threshold of each answer is tuned for its "
            "F1, so choose macro_f1 or none.",
        ),
        (
            ["evaluation.logit_adjustment=0.5", "evaluation.threshold=mcc"],
            "evaluation.logit_adjustment=0.5 sets the labels that evaluation.threshold=mcc would tune: "
            "set the one to 0 or the other to none.",
        ),
        (
            [*VOTES, *BINS],
            "evaluation.bin_columns reports accuracy, which vote fractions do not have: set it to [].",
        ),
    ],
)
def test_a_pair_that_does_not_fit_is_one_sentence(
    config: Config, overrides: list[str], sentence: str
) -> None:
    with pytest.raises(UserError) as refused:
        read_settings(config(*overrides))
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "overrides",
    [
        ["dataset.seeing_arcsec=[1,1]"],
        FOLDER,
        [*TABLE, *SKY, "dataset.neighbour_arcsec=5"],
        [*TABLE, *SKY, "dataset.pixel_scale_arcsec=0.4"],
        [*CATALOG_VOTES, "loss=mse"],
        [*CATALOG_VOTES, "loss=bce", "trainer.monitor=rmse"],
        [*VOTES, "loss=bce"],
        ["loss=bce", *BINS],
        ["loss=focal", "loss.alpha=null", "loss.class_weights=balanced"],
        ["loss=focal", "loss.form=softmax", "loss.alpha=[1,2]"],
        ["loss=focal", "loss.form=softmax", "loss.alpha=null"],
        *([f"trainer.monitor={metric}"] for metric in metric_names("classes")),
    ],
    ids=" ".join,
)
def test_pairs_that_fit_are_taken(config: Config, overrides: list[str]) -> None:
    read_settings(config(*overrides))
