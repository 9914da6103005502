from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.settings import Settings

Refusal = Callable[..., str]

METADATA = "evaluation.metadata=a.csv"


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["evaluation.bin_columns=[r]", METADATA],
            "evaluation.bin_columns=['r']: the columns have no table. Set evaluation.metadata=<csv file> and evaluation.metadata_id=<its column of image ids>.",
        ),
        (
            ["evaluation.bin_columns=[r]", "evaluation.metadata_id=id"],
            "evaluation.bin_columns=['r']: the columns have no table. Set evaluation.metadata=<csv file> and evaluation.metadata_id=<its column of image ids>.",
        ),
        (
            [METADATA],
            "evaluation.metadata=a.csv: no column of it is used. Name the columns along which accuracy is reported in evaluation.bin_columns.",
        ),
        (
            ["evaluation.logit_adjustment=0.5", "evaluation.threshold=mcc"],
            "evaluation.logit_adjustment=0.5 and evaluation.threshold=mcc both adjust the labels. Set logit_adjustment to 0 or threshold to none.",
        ),
    ],
)
def test_values_that_contradict_each_other_are_refused(
    refusal: Refusal, overrides: list[str], sentence: str
) -> None:
    assert refusal(*overrides) == sentence


def test_bins_have_a_table_and_its_column_of_ids(settings: Callable[..., Settings]) -> None:
    read = settings("evaluation.bin_columns=[r]", METADATA, "evaluation.metadata_id=id")
    assert read.evaluation.bin_columns == ("r",)


@pytest.mark.parametrize("level", ["0.5", "1", "95", "true"])
def test_a_level_of_prediction_sets_is_a_fraction_above_one_half(
    refusal: Refusal, level: str
) -> None:
    assert refusal(f"evaluation.conformal={level}").startswith("evaluation.conformal=")


def test_prediction_sets_are_fitted_when_asked_for(settings: Callable[..., Settings]) -> None:
    assert settings().evaluation.conformal is None
    assert settings("evaluation.conformal=0.95").evaluation.conformal == 0.95
