"""Fixtures: studies, and whole sweeps run through run.py."""

from __future__ import annotations

import contextlib
import csv
import gc
import io
import logging
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import optuna
import pytest
from hydra.core.hydra_config import HydraConfig
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial
from torch import Tensor

import astroclf.app
from astroclf.sweep.storage import open_storage
from astroclf.training.learner import Learner
from astroclf.training.progress import Progress
from fixtures.studies import content, make_content, two  # noqa: F401

ROOT = Path(__file__).parents[2]

# --- whole sweeps ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """What one call of run.py left: its exit code, and what it said."""

    code: Any
    out: str
    err: str


def call_run(arguments: Sequence[str], folder: Path) -> Ran:
    """run.py with these arguments in that folder, in this process, which remembers nothing of it."""
    astroclf.app._process_cache.cache_clear()
    open_storage.cache_clear()
    out, err = io.StringIO(), io.StringIO()
    code: Any = 0
    with (
        pytest.MonkeyPatch.context() as here,
        old_objects_left_alone(),
        as_it_was(logging.getLogger(), *map(logging.getLogger, ("astroclf", "hydra"))),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        here.chdir(folder)
        here.delenv("HYDRA_FULL_ERROR", raising=False)
        here.setattr(sys, "argv", ["run.py", *arguments])
        try:
            runpy.run_path(str(ROOT / "run.py"), run_name="__main__")
        except SystemExit as left:
            code = left.code
    return Ran(code or 0, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def old_objects_left_alone() -> Iterator[None]:
    """Collecting garbage among all that was imported takes a quarter of the time of a sweep."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextlib.contextmanager
def as_it_was(*loggers: logging.Logger) -> Iterator[None]:
    """Loggers have the handlers and levels afterwards that they had before."""
    before = [(each, list(each.handlers), each.level) for each in loggers]
    try:
        yield
    finally:
        for logger, handlers, level in before:
            for handler in set(logger.handlers) - set(handlers):
                handler.close()
            logger.handlers[:] = handlers
            logger.setLevel(level)


class Sweep:
    """A study of one folder, and the calls of run.py that go on with it."""

    def __init__(self, root: Path, small: Sequence[str]) -> None:
        self.root = root
        self.small = small
        self.folder = root / "outputs/sweeps/study"

    def arguments(self, *overrides: str, n_trials: int | str) -> list[str]:
        sweeper = ["hydra/sweeper=optuna", "hydra.sweeper.study_name=study"]
        total = f"hydra.sweeper.n_trials={n_trials}"
        flags = [each for each in overrides if each.startswith("--")]  # must stand first
        rest = [each for each in overrides if each not in flags]
        return ["-m", *flags, *sweeper, *self.small, total, *rest]

    def run(self, *overrides: str, n_trials: int | str) -> Ran:
        return call_run(self.arguments(*overrides, n_trials=n_trials), self.root)

    def start(
        self, *overrides: str, n_trials: int, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """A process of its own with this call; all that it says is in its stdout."""
        return subprocess.Popen(
            [sys.executable, str(ROOT / "run.py"), *self.arguments(*overrides, n_trials=n_trials)],
            cwd=self.root,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def trials(self) -> list[FrozenTrial]:
        """As the study has them, read anew."""
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        storage = JournalStorage(JournalFileBackend(str(self.folder / "study.journal")))
        return optuna.load_study(study_name="study", storage=storage).get_trials()

    @property
    def states(self) -> list[str]:
        return [trial.state.name for trial in self.trials]

    @property
    def rows(self) -> list[dict[str, str]]:
        """Those of trials.csv."""
        with (self.folder / "trials.csv").open() as file:
            return list(csv.DictReader(file))

    @property
    def folders(self) -> list[str]:
        """Names of the folders of trials."""
        found = (path.name for path in self.folder.glob("*") if path.is_dir())
        return sorted(set(found) - {"experiment", "processes"})

    def check_two_at_once(self, *launcher: str) -> None:
        """Four trials by that launcher, two at a time: all are done, each in a line and a folder."""
        tracking = ("tracking=mlflow", f"tracking.uri=sqlite:///{self.root / 'runs.db'}")
        jobs = ("hydra.sweeper.n_jobs=2", "search=full", *tracking)
        process = self.start(*launcher, *jobs, n_trials=4)
        said, _ = process.communicate(timeout=400)
        assert process.returncode == 0, said
        assert self.states == ["COMPLETE"] * 4
        assert [line[:9] for line in said.splitlines() if line.startswith("trial ")] == [
            f"trial   {number}" for number in range(4)
        ]
        assert "#0" not in said  # nor what launchers say of every job
        assert {"0", "1", "2", "3"} <= set(self.folders)
        began = [(self.folder / name / ".hydra/config.yaml").stat().st_mtime for name in "01"]
        ended = [(self.folder / name / "metrics.json").stat().st_mtime for name in "01"]
        assert max(began) < min(ended)
        self.check_nested(n_trials=4)

    def check_nested(self, n_trials: int) -> None:
        """MLflow has one run for the study, and all trials under it."""
        from mlflow import MlflowClient

        client = MlflowClient(f"sqlite:///{self.root / 'runs.db'}")
        (experiment,) = [each for each in client.search_experiments() if each.name == "astroclf"]
        runs = client.search_runs([experiment.experiment_id])
        parents = [run.data.tags.get("mlflow.parentRunId") for run in runs]
        (study,) = [run for run, parent in zip(runs, parents, strict=True) if parent is None]
        assert study.info.status == "FINISHED"
        assert sorted(filter(None, parents)) == [study.info.run_id] * n_trials

    def files(self, number: int) -> dict[str, tuple[bytes, int]]:
        """Name of each file of a trial -> its content, and when it was written."""
        return {
            path.relative_to(self.folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in (self.folder / str(number)).rglob("*")
            if path.is_file()
        }

    def history(self, name: object) -> list[dict[str, str]]:
        with (self.folder / str(name) / "history.csv").open() as file:
            return list(csv.DictReader(file))


def trial_number() -> int | None:
    """Which trial this process is at, as its folder says."""
    name = Path(HydraConfig.get().runtime.output_dir).name
    return int(name) if name.isdigit() else None


@pytest.fixture(scope="session")
def begin_sweep(small_overrides: Callable[..., list[str]]) -> Callable[[Path], Sweep]:
    """begin_sweep(folder): a sweep of trials that take a third of a second."""
    small = small_overrides("dataset.image_px=16", "model.widths=[4,8]")
    return lambda folder: Sweep(folder, small)


@pytest.fixture
def sweep(begin_sweep: Callable[[Path], Sweep], tmp_path: Path) -> Sweep:
    return begin_sweep(tmp_path)


@pytest.fixture(scope="module")
def without_charts() -> Iterator[None]:
    """For tests that look at no chart: matplotlib takes longer than a training."""

    def save_nothing(self: Any, stream: io.StringIO, **options: Any) -> None:
        stream.write("<svg></svg>")

    with patch("matplotlib.figure.Figure.savefig", save_nothing):
        yield


@pytest.fixture(scope="session")
def call() -> Callable[[Sequence[str], Path], Ran]:
    """call(arguments, folder): run.py in this process."""
    return call_run


@pytest.fixture(scope="session")
def at_each_step() -> Callable[..., AbstractContextManager[Any]]:
    """at_each_step(act): inside, act(number of the trial) comes before each step of training; what it
    returns, unless None, is the loss of a step that is not taken."""

    def patched(act: Callable[[int | None], Any]) -> AbstractContextManager[Any]:
        step = Learner.step

        def acting(self: Learner, batches: Any) -> Tensor:
            said = act(trial_number())
            return step(self, batches) if said is None else said

        return patch.object(Learner, "step", acting)

    return patched


@pytest.fixture(scope="session")
def with_accuracy() -> Callable[..., AbstractContextManager[Any]]:
    """with_accuracy(curve): inside, curve(trial, epoch) is the accuracy on val, and is monitored."""

    def patched(curve: Callable[[int, int], float]) -> AbstractContextManager[Any]:
        record = Progress.record

        def recording(self: Progress, row: dict[str, float], value: float, *rest: Any) -> bool:
            number = trial_number()
            if number is not None:
                row["val_accuracy"] = value = curve(number, self.epoch + 1)
            return record(self, row, value, *rest)

        return patch.object(Progress, "record", recording)

    return patched
