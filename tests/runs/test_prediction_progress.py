from __future__ import annotations

from pathlib import Path

import pytest

from astroclf.errors import UserError
from astroclf.runs.folder import RunFolder
from astroclf.runs.prediction_progress import PredictionProgress, read_progress, write_progress

PROGRESS = PredictionProgress(
    model="a", input="b", columns=("id", "label"), kind="csv", total=10, rows=4, position=120
)


def test_the_record_is_read_back_and_makes_the_run_resumable(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert read_progress(folder) is None
    assert not folder.is_resumable
    write_progress(folder, PROGRESS)
    assert read_progress(folder) == PROGRESS
    assert folder.is_resumable
    assert folder.results == ["predict/progress.json"]


def test_a_damaged_record_is_refused(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write_progress(folder, PROGRESS)
    text = folder.prediction_progress.read_text()
    folder.prediction_progress.write_text(text.replace('"rows": 4', '"rows": 5'))
    with pytest.raises(UserError, match=r"progress\.json is damaged .* Predict again in another"):
        read_progress(folder)
