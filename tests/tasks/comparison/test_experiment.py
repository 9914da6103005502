from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.errors import UserError
from astroclf.tasks.comparison.experiment import runs_of_experiment
from astroclf.tracking.database import prepare_database


def test_an_experiment_without_mlflow_is_refused(settings: Any) -> None:
    chosen = settings("task=compare", "compare.mlflow_experiment=survey")
    with pytest.raises(UserError, match="tracking=none has no experiments"):
        runs_of_experiment("survey", chosen)


def test_all_finished_runs_of_an_experiment_are_compared(
    settings: Any, train_run: Callable[..., Path], tmp_path: Path
) -> None:
    prepare_database(tmp_path / "runs.db")
    tracked = (
        "tracking=mlflow",
        f"tracking.uri=sqlite:///{tmp_path / 'runs.db'}",
        "tracking.experiment=tests",
    )
    small = ("model.widths=[4,4]", "model.hidden_units=[8]", "evaluation.report=false")
    runs = [train_run(*tracked, *small, *own) for own in ((), ("seeds=[2,3]",))]
    chosen = settings("task=compare", "compare.mlflow_experiment=tests", *tracked)
    found = runs_of_experiment("tests", chosen)
    assert [folder.path for folder in found] == runs
    with pytest.raises(UserError, match="it has no finished run"):
        runs_of_experiment("other", chosen)
