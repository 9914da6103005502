"""Tables for the terminal."""

from __future__ import annotations

from astroclf.text_table import text_table


def test_columns_are_as_wide_as_their_longest_cell() -> None:
    rows = [["", "val", "test"], ["accuracy", 0.5, "0.625 [0.5, 0.7]"], ["images", "1,000"]]
    assert text_table(rows).splitlines() == [
        "          val    test",
        "accuracy  0.5    0.625 [0.5, 0.7]",
        "images    1,000",
    ]


def test_first_column_has_a_smallest_width() -> None:
    assert text_table([["a", "b"]], first=5) == "a    b"
    assert text_table([]) == ""
