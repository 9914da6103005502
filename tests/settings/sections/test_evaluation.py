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
