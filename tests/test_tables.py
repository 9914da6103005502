from __future__ import annotations

import gzip
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astroclf.errors import UserError
from astroclf.tables import Table, read_table


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


def read(file: Path, content: str | bytes, *columns: str) -> Table:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table("dataset.table", file, [("dataset.label_column", each) for each in columns])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiters_newlines_and_encodings_are_recognized(
    file: Path, delimiter: str, newline: str, encoding: str
) -> None:
    rows = (
        ["file", " class ", "a, b"],
        ["1.jpg", "\u00e9toile", "x"],
        ["2.jpg ", "None", '"p ""q"""'],
    )
    text = newline.join(delimiter.join(row) for row in rows)
    text = text.replace("a, b", '"a, b"') + newline + newline
    table = read(file, text.encode(encoding), "class", "file", "a, b")
    assert table.text("class") == ["\u00e9toile", "None"]
    assert table.text("file") == ["1.jpg", "2.jpg"]
    assert table.text("a, b") == ["x", 'p "q"']
    assert (table.delimiter, table.lines) == (delimiter, [2, 3])


def test_a_stated_delimiter_and_delimiters_inside_cells_are_handled(file: Path) -> None:
    assert read(file, "sep=;\nid;a,b,c,d\n1;2\n", "id").text("id") == ["1"]
    assert read(file, "id;a,b,c,d,e\n1;2\n", "id").text("id") == ["1"]
    assert read(file, "id\n1\n2\n", "id").text("id") == ["1", "2"]


def test_comments_before_the_header_are_left_out(file: Path) -> None:
    table = read(file, "#Table1\n# of a survey\r\n\nid;class\n1;#a\n", "class", "id")
    assert (table.text("class"), table.lines) == (["#a"], [5])


def test_a_packed_table_is_read(file: Path) -> None:
    assert read(file, gzip.compress(b"id,r\n1,2\n"), "r").text("r") == ["2"]
    with pytest.raises(UserError, match="damaged gzip"):
        read(file, gzip.compress(b"id,r\n1,2\n")[:-9], "r")


def test_numbers_may_have_a_decimal_comma_and_missing_values(file: Path) -> None:
    table = read(file, "a;b\n0,25;1.5\n-1,5e1;NA\n;-\n", "a", "b")
    np.testing.assert_equal(table.numbers("a"), [0.25, -15, np.nan])
    np.testing.assert_equal(table.numbers("b"), [1.5, np.nan, np.nan])
    with pytest.raises(UserError, match=r"1 row has other values, line 2; the first has 1,234\."):
        read(file, 'a\n"1,234"\n', "a").numbers("a")
    with pytest.raises(UserError, match="the first has 1_000"):
        read(file, "a\n1_000\n", "a").numbers("a")


def test_lines_are_those_of_an_editor(file: Path) -> None:
    table = read(file, '\na,b\n1,"two\nlines"\n\n,,\n,3\n4\n', "a", "b")
    assert table.lines == [4, 7, 8]
    with pytest.raises(UserError, match=r"label_column=a is empty in 1 rows .*, line 7:"):
        table.filled("a")
    assert table.text("b") == ["two\nlines", "3", ""]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"\n\n", "it is empty"),
        (b"id,class\n", "has no rows"),
        (b"id,class\n1,\xe9toile\n", "line 2 is not in UTF-8"),
        (b"id,class\n1,a\0b\n", "zero bytes"),
        (b"PK\x03\x04\xff", "a damaged gzip file or zip archive"),
        (b"id,class\n1,a,b\n", "line 2 has 3 cells and the header 2"),
        (b'id,class\n1,"a\n', "line 2, unexpected end of data"),
        (b"id,Class\n1,a\n", r"class is not a column .* id, Class; did you mean Class\?"),
        (b"id,class,class\n1,a,b\n", "class names 2 columns"),
        (b"id," + b"x" * 10**6 + b"\n1,a\n", "class is not a column|cannot be read as CSV"),
        (b",".join(b"c%d" % i for i in range(10**5)) + b"\n1\n", "class is not a column"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_one_sentence(
    file: Path, content: bytes, message: str
) -> None:
    with pytest.raises(UserError, match=message) as refusal:
        read(file, content, "class")
    assert len(str(refusal.value)) < 800


def test_only_a_regular_file_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for name, message in {
        "pipe.csv": "is not a file",
        "": "is not a file",
        "x" * 300: "File name too long",
        "none.csv": "No such file",
    }.items():
        with pytest.raises(UserError, match=message):
            read_table("dataset.table", tmp_path / name, [])


def test_a_table_without_permission_is_one_sentence(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(UserError, match=r"t\.csv cannot be read \(Permission denied\)"):
        read(file, "", "class")


def test_blanks_and_invisible_characters_around_a_cell_are_no_part_of_it(tmp_path: Path) -> None:
    table = read(
        tmp_path / "t.csv", "\u200bid\u00a0,class\n1,\ufeffstar\t\n2,\u200e\n", "id", "class"
    )
    assert table.text("class") == ["star", ""]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf"])), min_size=1))
def test_any_quoted_text_is_returned_stripped(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str]
) -> None:
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
    content = "id,class\n" + "".join(f"1,{cell}\n" for cell in quoted)
    table = read(tmp_path_factory.getbasetemp() / "any.csv", content, "class")
    assert table.text("class") == [cell.strip() for cell in cells]


def test_the_only_csv_of_an_archive_is_read(tmp_path: Path) -> None:
    file = tmp_path / "table.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("folder/table.csv", "id,class\n007,star\n")
        archive.writestr("1.png", b"pixels")
    table = read_table("dataset.table", file, [("dataset.id_column", "id")])
    assert table.text("id") == ["007"]
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("other.csv", "id\n008\n")
    with pytest.raises(UserError, match=r"holds 2 CSV files: folder/table\.csv, other\.csv"):
        read_table("dataset.table", file, [("dataset.id_column", "id")])
