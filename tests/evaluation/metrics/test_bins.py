from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_score, recall_score

from astroclf.errors import UserError
from astroclf.evaluation.intervals import wilson_interval
from astroclf.evaluation.metadata import read_metadata
from astroclf.evaluation.metrics.bins import Labeling, accuracy_in_bins, bin_edges
from astroclf.evaluation.resampling import Resampling

INDEX = Path(__file__).parents[2].parent / "shared/data/star_galaxy_sdss/index.csv"
IDS = np.array([f"12376458779360625{i:02d}" for i in range(40)])


@pytest.fixture
def catalog(tmp_path):
    path = tmp_path / "catalog.csv"
    magnitudes = np.linspace(14, 22, 40)
    table = pd.DataFrame({"objID": IDS, "r": magnitudes, "name": "x"})
    table.sample(frac=1, random_state=0).to_csv(path, index=False)
    return path


def along(catalog, columns=("r",), id_column="objID", ids=IDS, correct=None, bins=4):
    correct = np.ones(len(ids), bool) if correct is None else correct
    found = read_metadata(columns, catalog=catalog, id_column=id_column, ids=ids)
    return [
        accuracy_in_bins(column, values, correct, bin_edges(values, bins), Resampling(0, 0))
        for column, values in found.items()
    ]


def test_splits_have_their_bins_in_common():
    rng = np.random.default_rng(0)
    values = rng.normal(size=300)
    edges = bin_edges(values, 4)
    parts = [values[:200], values[200:]]
    tables = [
        accuracy_in_bins("r", part, np.ones(len(part), bool), edges, Resampling(0, 0))
        for part in parts
    ]
    spans = [[(row.low, row.high) for row in table.rows] for table in tables]
    assert spans[0] == spans[1]
    assert [len(span) for span in spans] == [4, 4]
    np.testing.assert_array_equal(
        np.add(*[[row.n for row in table.rows] for table in tables]), [75, 75, 75, 75]
    )


def test_intervals_of_grouped_images_are_over_groups():
    correct = np.repeat(np.random.default_rng(0).random(30) < 0.8, 10)
    values, edges = np.zeros(300), np.array([0.0, 1.0])
    (alone,) = accuracy_in_bins("r", values, correct, edges, Resampling(100, 0)).rows
    groups = np.repeat(np.arange(30), 10)
    (grouped,) = accuracy_in_bins("r", values, correct, edges, Resampling(100, 0, groups)).rows
    assert np.ptp(grouped.ci95) > 2.5 * np.ptp(alone.ci95)
    nine = np.minimum(groups, 8)
    (few,) = accuracy_in_bins("r", values, correct, edges, Resampling(100, 0, nine)).rows
    assert few.ci95 is None


def test_purity_and_completeness_of_classes_are_those_of_scikit_learn_in_each_bin():
    rng = np.random.default_rng(1)
    truth, labels = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    values = rng.normal(size=200)
    labels[values < -1] = 0  # the faintest are all labeled as one class
    edges = np.array([values.min(), -1, 0.5, values.max()])
    names = ("star", "galaxy", "quasar")
    table = accuracy_in_bins(
        "r", values, truth == labels, edges, Resampling(0, 0), Labeling(names, truth, labels)
    )
    for row in table.rows:
        inside = (values >= row.low) & ((values < row.high) | (row.high == edges[-1]))
        for k, name in enumerate(names):
            recall = recall_score(truth[inside] == k, labels[inside] == k)
            share = row.completeness[name]
            assert share.value == pytest.approx(recall)
            assert share.n == np.sum(truth[inside] == k)
            assert share.ci95 == wilson_interval(round(recall * share.n), share.n)
            if not np.any(labels[inside] == k):
                assert name not in row.purity
                continue
            precision = precision_score(truth[inside] == k, labels[inside] == k)
            assert row.purity[name].value == pytest.approx(precision)
            assert row.purity[name].n == np.sum(labels[inside] == k)
    assert "galaxy" not in table.rows[0].purity


def test_bins_hold_equally_many_images_found_by_their_id(catalog):
    correct = np.arange(40) < 25
    (table,) = along(catalog, correct=correct)
    assert [row.n for row in table.rows] == [10, 10, 10, 10]
    assert [row.accuracy for row in table.rows] == [1.0, 1.0, 0.5, 0.0]
    assert table.rows[2].ci95 == wilson_interval(5, 10)
    assert (table.rows[0].low, table.rows[-1].high) == (14, 22)
    assert all(a.high == b.low for a, b in zip(table.rows, table.rows[1:], strict=False))


def test_images_that_are_not_in_the_catalog_are_counted_and_left_out(catalog):
    ids = np.append(IDS, ["elsewhere", "nowhere"])
    (table,) = along(catalog, ids=ids)
    assert (table.n_placed, table.n_images) == (40, 42)
    assert sum(row.n for row in table.rows) == 40


def test_a_value_shared_by_many_images_stays_in_one_bin(tmp_path):
    path = tmp_path / "catalog.csv"
    values = np.repeat([1.0, 2.0, 3.0], [30, 5, 5])
    pd.DataFrame({"objID": IDS, "r": values}).to_csv(path, index=False)
    (table,) = along(path)
    assert sum(row.n for row in table.rows) == 40
    assert table.rows[0].n >= 30
    pd.DataFrame({"objID": IDS, "r": 5.0}).to_csv(path, index=False)
    assert [row.n for row in along(path)[0].rows] == [40]


def test_a_column_without_values_has_no_bins(tmp_path):
    path = tmp_path / "catalog.csv"
    pd.DataFrame({"objID": IDS, "r": np.nan}).to_csv(path, index=False)
    assert along(path)[0].rows == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"catalog": Path("missing.csv")}, "No such file"),
        (
            {"columns": ("mag_r",)},
            "bin_columns=mag_r is not a column of .*, which has objID, r, name",
        ),
        ({"id_column": "id"}, "metadata_id=id is not a column of .*, which has objID, r, name"),
        ({"columns": ("name",)}, "should hold numbers"),
        ({"id_column": "name"}, "none of the 40 image ids"),
    ],
)
def test_an_unusable_table_or_column_is_refused(catalog, change, message):
    with pytest.raises(UserError, match=message):
        along(**{"catalog": catalog, **change})


def test_a_duplicate_id_is_refused(tmp_path):
    path = tmp_path / "catalog.csv"
    pd.DataFrame({"objID": [IDS[0], IDS[0]], "r": [1.0, 2.0]}).to_csv(path, index=False)
    with pytest.raises(UserError, match="more than once"):
        along(path)


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "catalog.csv"
    path.touch()
    with pytest.raises(UserError, match="cannot be read as CSV: it is empty"):
        along(path)


@pytest.mark.skipif(not INDEX.exists(), reason="no ../shared/data")
def test_object_ids_of_a_survey_keep_all_their_digits():
    ids = pd.read_csv(INDEX, dtype=str).query("split == 'validate'")["objID"].to_numpy()
    (table,) = along(INDEX, ids=ids, bins=6)
    assert table.n_placed == len(ids) == 1098
    assert {row.n for row in table.rows} == {183}
