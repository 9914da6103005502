from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroclf.errors import UserError
from astroclf.runs.folder import RunFolder
from astroclf.runs.predictions import Predictions, join, read_predictions, write_predictions

CLASSES = ("galaxy", "star")
HEADER, ROW = "id,split,truth,label,p_galaxy,p_star", "a,val,star,star,0.2,0.8"
PREDICTIONS = Predictions(
    classes=CLASSES,
    ids=np.array(["a", "=b", "007"]),
    parts=np.array(["train", "val", "val"]),
    truth=np.array([0, 1, 1]),
    labels=np.array([0, 0, 1]),
    probabilities=np.array([[1 / 3, 2 / 3], [1e-9, 1.0], [0.25, 0.75]]),
)


def assert_same(one: Predictions, other: Predictions) -> None:
    assert one.classes == other.classes
    for name in ("ids", "parts", "truth", "labels"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_allclose(one.probabilities, other.probabilities, rtol=1e-5)


def test_predictions_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_predictions(RunFolder(tmp_path), PREDICTIONS)
    assert_same(read_predictions(RunFolder(tmp_path), CLASSES), PREDICTIONS)


def test_votes_and_folds_have_columns_of_their_own(tmp_path: Path) -> None:
    votes = replace(PREDICTIONS, votes=np.array([[0.5, 0.5], [0.0, 1.0], [0.25, 0.75]]))
    write_predictions(RunFolder(tmp_path), votes, part="fold")
    header = (tmp_path / "predictions.csv").read_text().splitlines()[0]
    assert header == "id,fold,truth,label,p_galaxy,p_star,vote_galaxy,vote_star"
    found = read_predictions(RunFolder(tmp_path), CLASSES, part="fold")
    np.testing.assert_array_equal(found.votes, votes.votes)


def test_groups_have_a_column_that_former_files_lack(tmp_path: Path) -> None:
    grouped = replace(PREDICTIONS, groups=np.array(["field 1", "=2", "007"]))
    write_predictions(RunFolder(tmp_path), grouped)
    header = (tmp_path / "predictions.csv").read_text().splitlines()[0]
    assert header == "id,split,group,truth,label,p_galaxy,p_star"
    found = read_predictions(RunFolder(tmp_path), CLASSES)
    assert found.groups.tolist() == ["field 1", "=2", "007"]
    assert found.of("val").groups.tolist() == ["=2", "007"]
    assert join([found, found]).groups.tolist() == [*found.groups, *found.groups]
    assert join([found, PREDICTIONS]).groups is None
    write_predictions(RunFolder(tmp_path), PREDICTIONS)
    assert read_predictions(RunFolder(tmp_path), CLASSES).groups is None


def test_predictions_are_unchanged_after_reading_and_writing(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write_predictions(folder, PREDICTIONS)
    before = folder.predictions.read_bytes()
    write_predictions(folder, read_predictions(folder, CLASSES))
    assert folder.predictions.read_bytes() == before


def test_parts_are_taken_out_and_joined() -> None:
    val, train = PREDICTIONS.of("val"), PREDICTIONS.of("train")
    assert val.ids.tolist() == ["=b", "007"]
    assert_same(join([train, val]), PREDICTIONS)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f"{HEADER}\n{ROW[:-5]}", "row 1 lacks p_star"),
        (f"{HEADER[:-7]}\n{ROW}", "row 1 lacks p_star"),
        (
            f"{HEADER}\n{ROW}\n{ROW.replace('0.8', 'nan')}",
            "row 2 has no probability of every class",
        ),
        (f"{HEADER}\n{ROW.replace('0.8', '8')}", "row 1 has no probability of every class"),
        (f"{HEADER}\n{ROW.replace('star,0', 'stxr,0')}", "row 1 has the label 'stxr'"),
        (HEADER, "it holds no predictions"),
    ],
)
def test_damaged_file_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "predictions.csv").write_text(content)
    with pytest.raises(UserError) as refused:
        read_predictions(RunFolder(tmp_path), CLASSES)
    assert f"predictions.csv is damaged ({reason}" in str(refused.value)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"predictions\.csv cannot be read \(No such file"):
        read_predictions(RunFolder(tmp_path), CLASSES)
