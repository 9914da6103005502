from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroclf.errors import UserError
from astroclf.runs.folder import RunFolder
from astroclf.runs.prediction_table import PredictionTable, prediction_table
from astroclf.tasks.prediction.rows import column_names
from astroclf.tasks.prediction.summary import BINS, Extremes, summarize

CLASSES = ("galaxy", "star")


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 6), st.integers(1, 7))
def test_extremes_are_the_first_rows_of_a_stable_sort(
    values: list[int], most: int, step: int
) -> None:
    kept = Extremes(most)
    array = np.array(values, float)
    for start in range(0, len(array), step):
        part = array[start : start + step]
        kept.add(part, np.arange(start, start + len(part)))
    assert kept.rows.tolist() == np.argsort(array, kind="stable")[:most].tolist()


def make_table(folder: Path, kind: str) -> PredictionTable:
    """Return four galaxies, two stars and one unreadable file."""
    names = column_names(CLASSES, ())
    table = prediction_table(RunFolder(folder), kind, names)
    confidence = np.array([0.9, 0.8, 0.7, 0.6, 0.95, 0.55, np.nan])
    labels = ["galaxy"] * 4 + ["star"] * 2 + [""]
    numbers = dict.fromkeys(names, confidence)
    table.truncate(0)
    table.append(
        numbers
        | {
            "id": list("abcdefg"),
            "path": list("abcdefg"),
            "label": labels,
            "prediction_set": ["galaxy", "galaxy", "galaxy|star", "", "star", "galaxy|star", ""],
            "unlike_training": np.array([0.5, 0.01, 0.3, np.nan, 0.9, 0.04, np.nan]),
            "invalid_share": np.array([0.0, 0.25, 0.0, 0.125, 0.0, 0.0, np.nan]),
            "reason": [""] * 6 + ["empty file"],
        }
    )
    table.finish()
    return table


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_counts_histograms_and_extremes_are_those_of_the_table(tmp_path: Path, kind: str) -> None:
    summary = summarize(make_table(tmp_path, kind), CLASSES, most_shown=2, has_sets=True)
    assert (summary.n, summary.n_predicted) == (7, 6)
    assert summary.labels == {"galaxy": 4, "star": 2}
    assert summary.reasons == {"empty file": 1}
    assert (summary.n_invalid, summary.largest_invalid) == (2, 0.25)
    assert summary.set_sizes == {0: 1, 1: 3, 2: 2}
    assert (
        summary.confidence.tolist()
        == np.histogram([0.9, 0.8, 0.7, 0.6, 0.95, 0.55], BINS, (0, 1))[0].tolist()
    )
    assert summary.unlike_training.sum() == 5
    assert summary.most_certain["galaxy"].rows.tolist() == [0, 1]
    assert summary.most_certain["star"].rows.tolist() == [4, 5]
    assert summary.least_certain.rows.tolist() == [5, 3, 2, 1]
    assert summary.least_like["galaxy"].rows.tolist() == [1, 2]


def test_a_model_without_sets_has_no_sizes(tmp_path: Path) -> None:
    assert not summarize(make_table(tmp_path, "csv"), CLASSES, 2, has_sets=False).set_sizes


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    table = make_table(tmp_path, "csv")
    table.file.write_text(table.file.read_text().replace("0.95", "x"))
    with pytest.raises(UserError, match=r"is damaged .* Predict again in another folder"):
        summarize(table, CLASSES, 2, has_sets=False)
