from __future__ import annotations

import numpy as np
import pytest

from astroclf.data.sources.table_numbers import TableNumbers, read_columns, read_weights
from astroclf.errors import UserError
from astroclf.tables import Table


def table_of(**columns: list[str]) -> Table:
    keys = dict.fromkeys(columns, "dataset.weight_column")
    return Table("dataset.table=a.csv", columns, keys, [2, 3, 4], ",")


def test_weights_are_relative() -> None:
    weights = read_weights(table_of(w=["1", "2.5", "1e1"]), "w")
    assert weights is not None
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights / weights[0], [1, 2.5, 10], rtol=1e-6)
    assert read_weights(table_of(w=["1", "1", "1"]), None) is None


@pytest.mark.parametrize(("cell", "shown"), [("0", "0"), ("-1", "-1"), ("inf", "inf")])
def test_weights_that_are_not_positive_and_finite_are_refused(cell: str, shown: str) -> None:
    with pytest.raises(UserError) as refused:
        read_weights(table_of(w=["1", cell, "2"]), "w")
    assert str(refused.value) == (
        "dataset.weight_column=w: 1 row of dataset.table=a.csv have weights that are not above 0 and finite, line 3; the first "
        f"has {shown}. Correct them, or remove the rows."
    )


def test_missing_weights_are_refused() -> None:
    with pytest.raises(UserError, match=r"2 rows .* lines 2, 4; the first has an empty cell"):
        read_weights(table_of(w=["", "1", ""]), "w")


def test_weights_of_too_different_size_are_refused() -> None:
    with pytest.raises(UserError, match="the largest weight, 1e\\+07, is more than 1,000,000"):
        read_weights(table_of(w=["1", "1", "1e7"]), "w")


def test_empty_cells_of_columns_are_missing_values() -> None:
    columns = read_columns(
        table_of(mag=["17.5", "", "NA"], color=["1", "2", "3"]), ("color", "mag")
    )
    assert columns is not None
    assert columns.names == ("color", "mag")
    np.testing.assert_array_equal(columns.values, [[1, 17.5], [2, np.nan], [3, np.nan]])
    assert read_columns(table_of(mag=["1", "2", "3"]), ()) is None


@pytest.mark.parametrize("cell", ["inf", "-1e39"])
def test_numbers_that_float32_cannot_hold_are_refused(cell: str) -> None:
    with pytest.raises(UserError, match=f"mag: 1 row .* line 4; the first has {cell}"):
        read_columns(table_of(mag=["1", "2", cell]), ("mag",))


def test_numbers_of_some_rows() -> None:
    table = table_of(w=["1", "1", "4"], mag=["1", "2", "3"])
    numbers = TableNumbers(read_weights(table, "w"), read_columns(table, ("mag",)))
    some = numbers.at(np.array([0, 2]))
    assert some.weights is not None
    assert some.weights.tolist() == [0.5, 2]
    assert some.columns is not None
    assert some.columns.values.tolist() == [[1], [3]]
    assert TableNumbers(None, None).at(np.array([1])).weights is None
