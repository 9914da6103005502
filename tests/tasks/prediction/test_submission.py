from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from astroclf.errors import UserError
from astroclf.runs.folder import RunFolder
from astroclf.runs.prediction_table import prediction_table
from astroclf.tasks.prediction.rows import column_names
from astroclf.tasks.prediction.submission import COLUMNS, require_answers, write_submission


def test_columns_are_those_of_the_challenge(shared_data: Path) -> None:
    with (shared_data / "galaxy_zoo_votes/training_solutions_rev1.csv").open() as stream:
        assert next(csv.reader(stream)) == ["GalaxyID", *COLUMNS]


def test_rows_have_the_order_of_the_challenge_whatever_that_of_the_model(tmp_path: Path) -> None:
    assert len(COLUMNS) == 37
    classes = COLUMNS[::-1]
    require_answers(classes)
    folder = RunFolder(tmp_path)
    names = column_names(classes, ())
    table = prediction_table(folder, "csv", names)
    shares = np.linspace(0, 1, 37)
    columns = {name: ["", ""] for name in names} | {"id": ["100", "200"]}
    rows = {
        f"p_{name}": np.array([share, np.nan]) for name, share in zip(COLUMNS, shares, strict=True)
    }
    table.truncate(0)
    table.append({**columns, **rows})
    table.finish()
    assert write_submission(folder.submission, table) == 1
    with folder.submission.open(newline="") as stream:
        header, row, *rest = list(csv.reader(stream))
    assert header == ["GalaxyID", *COLUMNS]
    assert row[0] == "100"
    np.testing.assert_allclose(np.array(row[1:], float), shares, atol=1e-6)
    assert rest == []


def test_models_of_other_answers_are_refused() -> None:
    with pytest.raises(
        UserError, match=r"this one lacks Class1\.1, Class1\.2, Class1\.3, \.\.\. and 34 more"
    ):
        require_answers(("galaxy", "star"))
    with pytest.raises(
        UserError, match=r"this one has Class12\.1 too\. Choose predict\.format=csv"
    ):
        require_answers((*COLUMNS, "Class12.1"))
