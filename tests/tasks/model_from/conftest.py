"""Small trained runs: in a folder of outputs, and in an MLflow store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.settings import Settings, read_settings
from astroclf.tracking.database import prepare_database

SMALL_CNN = ("model.widths=[4,4]", "model.hidden_units=[8]", "evaluation.bootstrap_resamples=0",
             "evaluation.report=false", "trainer.epochs=1")  # fmt: skip


class Project:
    """A working directory with outputs and a store of MLflow.

    runs: name -> folder of a run.
    """

    def __init__(self, root: Path, config: Callable[..., dict[str, Any]]) -> None:
        self.root, self.config = root, config
        self.outputs = root / "outputs"
        self.uri = f"sqlite:///{root / 'runs.db'}"
        self.tracked = ("tracking=mlflow", f"tracking.uri={self.uri}", "tracking.experiment=tests")
        self.runs: dict[str, Path] = {}

    def train(self, name: str, *overrides: str) -> Path:
        """Train in outputs/<name>."""
        from astroclf.tasks.run import open_run
        from astroclf.tasks.task import run_task

        folder = self.outputs / name
        folder.mkdir(parents=True)
        run_task(open_run(read_settings(self.config(*SMALL_CNN, *overrides)), folder))
        self.runs[name] = folder
        return folder

    def using(self, *names: str, task: str = "export", tracked: bool = False) -> Settings:
        """Return the settings of a task that uses models."""
        own = [f"paths.outputs={self.outputs}", f"task={task}"]
        if names:
            own.append(f"model_from=[{','.join(names)}]")
        return read_settings(self.config(*own, *(self.tracked if tracked else ())))

    def run_id(self, name: str) -> str:
        from astroclf.tracking.record import read_record

        record = read_record(self.runs[name])
        assert record is not None
        return record.run_id


@pytest.fixture(scope="session")
def make_project(config: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Project]:
    """make_project(): a new `Project` without runs."""

    def make() -> Project:
        project = Project(tmp_path_factory.mktemp("project"), config)
        prepare_database(project.root / "runs.db")
        return project

    return make


@pytest.fixture(scope="session")
def project(make_project: Callable[[], Project]) -> Project:
    """Three tracked runs of one dataset: `first`, `second`, and `seeds` of two seeds."""
    made = make_project()
    made.train("first", *made.tracked, "trainer.monitor=accuracy")
    made.train("second", *made.tracked, "trainer.monitor=accuracy", "seed=1")
    made.train("seeds", *made.tracked, "trainer.monitor=accuracy", "seeds=[2,3]")
    return made
