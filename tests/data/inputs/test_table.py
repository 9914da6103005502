from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from astroclf.data.framing import Framing
from astroclf.data.inputs.table import Columns, TableInput, choose_columns
from astroclf.errors import UserError

CELLS = {
    "objID": ["1237", "007", "3", "4"],
    "path": ["b/c.png", "a", "", "missing.png"],
    "magnitude": ["17.5", "", "19", "20"],
}


@pytest.fixture(params=["csv", "parquet"])
def table(request: pytest.FixtureRequest, folder: Path) -> Path:
    file = folder / f"table.{request.param}"
    if request.param == "csv":
        rows = zip(*CELLS.values(), strict=True)
        file.write_text("\n".join(",".join(row) for row in [tuple(CELLS), *rows]))
    else:
        parquet.write_table(pa.table(CELLS), file, row_group_size=2)
    return file


def test_rows_have_their_id_their_image_and_kept_columns(
    table: Path, folder: Path, framing: Framing, pictures: np.ndarray
) -> None:
    columns = choose_columns("t", table, None, "objID", ["magnitude"])
    assert columns == Columns("path", "objID", ("magnitude",))
    images = TableInput("t", table, folder, columns, framing)
    block = images.read(0, 4)
    assert block.ids == CELLS["objID"]
    assert [row[0] for row in block.kept] == CELLS["magnitude"]
    assert list(block.reasons) == ["", "", "no path in this row", f"missing in {folder}"]
    np.testing.assert_array_equal(block.images, pictures[[2, 0]].transpose(0, 3, 1, 2))
    assert (
        images.fingerprint()
        != TableInput("t", table, folder, Columns("path", None, ()), framing).fingerprint()
    )


def test_ids_are_names_of_files_where_no_column_is_given(
    table: Path, folder: Path, framing: Framing
) -> None:
    images = TableInput("t", table, folder, Columns("path", None, ()), framing)
    assert images.read(0, 2).ids == ["c", "a"]


def test_unknown_columns_are_refused(table: Path) -> None:
    with pytest.raises(
        UserError, match=r"predict\.id_column=id is not a column of t, which has objID"
    ):
        choose_columns("t", table, None, "id", ())
    with pytest.raises(UserError, match=r"predict\.keep_columns=ra is not a column"):
        choose_columns("t", table, None, None, ("ra",))


def test_a_table_without_a_column_of_paths_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ra,dec\n1,2\n")
    with pytest.raises(UserError, match=r"no column named path, file, .* only ra, dec\. Name the"):
        choose_columns("predict.input=a.csv", tmp_path / "a.csv", None, None, ())


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(UserError, match="cannot be read as Parquet"):
        choose_columns("t", tmp_path / "a.parquet", None, None, ())
