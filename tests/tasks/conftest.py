"""What tests of several tasks share."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.errors import Interrupted
from astroclf.settings import read_settings
from astroclf.training.learner import Learner


class StoppedRun:
    """A training in this process that is sent a signal in one of its steps."""

    def __init__(self, config: Any, folder: Path, *overrides: str) -> None:
        self.config = config(*overrides)
        self.folder = folder

    def stop_at(self, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
        take_step, taken = Learner.step, []

        def step_and_stop(learner: Learner, batches: Any) -> Any:
            taken.append(1)
            if len(taken) == step:
                os.kill(os.getpid(), signal.SIGTERM)
            return take_step(learner, batches)

        with monkeypatch.context() as patch:
            patch.setattr(Learner, "step", step_and_stop)
            with pytest.raises(Interrupted):
                self.run(self.config)

    def resume(self, **trainer: Any) -> None:
        changed = {**self.config, "trainer": {**self.config["trainer"], **trainer}}
        self.run(changed, resumes=True)

    def run(self, config: dict[str, Any], *, resumes: bool = False) -> None:
        from astroclf.tasks.run import open_run
        from astroclf.tasks.task import run_task

        self.folder.mkdir(exist_ok=True)
        run_task(open_run(read_settings(config), self.folder, resumes=resumes))


@pytest.fixture
def stopped_run(config: Any, tmp_path: Path) -> Callable[..., StoppedRun]:
    """stopped_run(*overrides): a training that has not begun, in the test's own folder."""
    return lambda *overrides: StoppedRun(config, tmp_path / "stopped", *overrides)
