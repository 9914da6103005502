"""Fixtures of the tests of tasks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.errors import Interrupted
from astroclf.settings import read_settings
from astroclf.training.callbacks import Callback
from fixtures.stops import StopAt, with_callbacks


class StoppedRun:
    """A training in this process that is interrupted after one of its steps, and resumed."""

    def __init__(self, config: Any, folder: Path, *overrides: str) -> None:
        self.config = config(*overrides)
        self.folder = folder

    def stop_at(self, step: int, *, resumes: bool = False) -> None:
        """Train until SIGTERM after a step."""
        with pytest.raises(Interrupted):
            self.run(self.config, StopAt(step), resumes=resumes)

    def resume(self, **trainer: Any) -> None:
        changed = {**self.config, "trainer": {**self.config["trainer"], **trainer}}
        self.run(changed, resumes=True)

    def run(self, config: dict[str, Any], *callbacks: Callback, resumes: bool = False) -> None:
        from astroclf.tasks.run import open_run
        from astroclf.tasks.task import run_task

        self.folder.mkdir(exist_ok=True)
        run = open_run(read_settings(config), self.folder, resumes=resumes)
        run_task(with_callbacks(run, *callbacks))


@pytest.fixture
def stopped_run(config: Any, tmp_path: Path) -> Callable[..., StoppedRun]:
    """stopped_run(*overrides): a training that has not started, in the folder of the test."""
    return lambda *overrides: StoppedRun(config, tmp_path / "stopped", *overrides)
