from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from astroclf.data.crops import CatalogCrop
from astroclf.data.framing import Framing
from astroclf.data.inputs.open import InputOptions, open_input
from astroclf.data.inputs.table import Columns, TableInput, choose_columns
from astroclf.errors import UserError
from fixtures.band_files import write_bands

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
    columns = choose_columns("t", table, None, "objID", ["magnitude"], framing)
    assert columns == Columns(("path",), "objID", ("magnitude",))
    images = TableInput("t", table, folder, columns, framing)
    block = images.read(0, 4)
    assert block.ids == CELLS["objID"]
    assert [row[0] for row in block.kept] == CELLS["magnitude"]
    assert list(block.reasons) == ["", "", "no path in this row", f"missing in {folder}"]
    np.testing.assert_array_equal(block.images, pictures[[2, 0]].transpose(0, 3, 1, 2))
    assert (
        images.fingerprint()
        != TableInput("t", table, folder, Columns(("path",), None, ()), framing).fingerprint()
    )


def test_ids_are_names_of_files_where_no_column_is_given(
    table: Path, folder: Path, framing: Framing
) -> None:
    images = TableInput("t", table, folder, Columns(("path",), None, ()), framing)
    assert images.read(0, 2).ids == ["c", "a"]


def test_unknown_columns_are_refused(table: Path, framing: Framing) -> None:
    with pytest.raises(
        UserError, match=r"predict\.id_column=id is not a column of t, which has objID"
    ):
        choose_columns("t", table, None, "id", (), framing)
    with pytest.raises(UserError, match=r"predict\.keep_columns=ra is not a column"):
        choose_columns("t", table, None, None, ("ra",), framing)


def test_a_table_without_a_column_of_paths_is_refused(tmp_path: Path, framing: Framing) -> None:
    (tmp_path / "a.csv").write_text("ra,dec\n1,2\n")
    with pytest.raises(UserError, match=r"no column named path, file, .* only ra, dec\. Name the"):
        choose_columns("predict.input=a.csv", tmp_path / "a.csv", None, None, (), framing)


def test_a_damaged_parquet_file_is_refused(tmp_path: Path, framing: Framing) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(UserError, match="cannot be read as Parquet"):
        choose_columns("t", tmp_path / "a.parquet", None, None, (), framing)


def test_columns_of_files_with_one_band_each_are_found_and_read(
    tmp_path: Path, band_framing: Framing
) -> None:
    flux = [write_bands(tmp_path, str(row), ("u", "g", "r"), seed=row) for row in range(2)]
    table = tmp_path / "t.csv"
    cells = "id,file_g,file_r,file_u,mag\n0,s-g-0,s-r-0,s-u-0.fits,1\n1,s-g-1,s-r-1,,2\n"
    table.write_text(cells)
    columns = choose_columns("t", table, None, "id", ["mag"], band_framing)
    assert columns == Columns(("file_r", "file_u", "file_g"), "id", ("mag",))
    block = TableInput("t", table, tmp_path, columns, band_framing).read(0, 2)
    assert (block.reasons, block.kept) == (["", ""], [("1",), ("2",)])
    np.testing.assert_array_equal(block.images[0], flux[0][[2, 0, 1]])
    np.testing.assert_array_equal(block.images[1], [flux[1][2], np.zeros((8, 8)), flux[1][1]])
    lacking = replace(band_framing, image_columns=("file_r", "x"))
    with pytest.raises(
        UserError, match=r"no columns file_r, x of one file per band.*image_columns"
    ):
        choose_columns("t", table, None, "id", [], lacking)


def test_positions_of_a_crop_are_read_from_the_table(
    tmp_path: Path, folder: Path, pictures: np.ndarray, framing: Framing
) -> None:
    around = replace(framing, crop_px=3, image_px=3, crop=CatalogCrop(("x", "y"), "pixel", 0))
    table = tmp_path / "t.csv"
    table.write_text("path,x,y\nb/c.png,2,5\na,7,oops\na,20,1\n")
    columns = choose_columns("t", table, None, None, (), around)
    assert columns.place == ("x", "y")
    block = TableInput("t", table, folder, columns, around).read(0, 3)
    assert list(block.reasons) == [
        *("", "column y holds oops, not a number", "the position 20, 1 is outside of the image"),
    ]
    whole = replace(framing, image_px=8).read(folder / "b/c.png")
    np.testing.assert_array_equal(block.images[0], whole[:, 4:7, 1:4])
    table.write_text("path,x\na,7\n")
    with pytest.raises(
        UserError, match=r"t has no columns x, y of the positions .* only path, x\."
    ):
        choose_columns("t", table, None, None, (), around)
    with pytest.raises(
        UserError, match=r"has no positions, and this model takes the square around x"
    ):
        open_input(folder, around, InputOptions())
