from __future__ import annotations

import json
from pathlib import Path

import pytest

from astroclf.errors import UserError
from astroclf.files import read_csv
from astroclf.runs.comparison import (
    StoredComparison,
    StoredDifference,
    StoredRun,
    read_comparison,
    write_comparison,
)
from astroclf.runs.folder import RunFolder

DIFFERENCE = StoredDifference(
    a="A", b="B", metric="accuracy", n_images=10, value_a=0.8, value_b=0.9, difference=0.1,
    p_value=0.25, test="exact McNemar",
)  # fmt: skip
COMPARISON = StoredComparison(
    runs=[StoredRun(letter=name, folder=f"outputs/{name}", kind="one training", n_images=10) for name in "AB"],
    n_images=10,
    grouped=False,
    n_tests=1,
    family="accuracy",
    verdicts=["no difference can be shown"],
    warnings=[],
    differences=[DIFFERENCE],
)  # fmt: skip


def test_a_comparison_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_comparison(RunFolder(tmp_path), COMPARISON)
    assert read_comparison(RunFolder(tmp_path)) == COMPARISON


def test_the_table_has_a_row_for_each_difference_with_empty_cells_for_none(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write_comparison(folder, COMPARISON)
    (row,) = read_csv(folder.differences)
    assert (row["metric"], row["difference"], row["p_value"]) == ("accuracy", "0.1", "0.25")
    assert (row["low"], row["p_holm"]) == ("", "")


def test_an_altered_comparison_is_refused(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write_comparison(folder, COMPARISON)
    content = json.loads(folder.comparison.read_text())
    folder.comparison.write_text(json.dumps({**content, "n_images": 99}))
    with pytest.raises(UserError, match="does not match its checksum"):
        read_comparison(folder)
