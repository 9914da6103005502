from __future__ import annotations

from pathlib import Path

import pytest

from astroclf.errors import UserError
from astroclf.runs.folder import RunFolder
from astroclf.runs.kept_models import KeptModels, KeptTrial, read_kept_models, write_kept_models

KEPT = KeptModels(
    study="cnn",
    objective="accuracy",
    n_complete=5,
    n_kept=2,
    trials=[KeptTrial(number=4, value=0.9), KeptTrial(number=0, value=0.8)],
    updated_ms=1,
)


def test_kept_models_are_read_as_written(tmp_path: Path) -> None:
    write_kept_models(RunFolder(tmp_path), KEPT)
    assert read_kept_models(RunFolder(tmp_path)) == KEPT


def test_a_damaged_record_is_refused(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write_kept_models(folder, KEPT)
    folder.kept_models.write_text(folder.kept_models.read_text().replace("0.9", "0.1"))
    with pytest.raises(UserError, match="Run the command of the search again"):
        read_kept_models(folder)
