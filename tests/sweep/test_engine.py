"""The search with a launcher that only pretends to train."""

from __future__ import annotations

import errno
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.study import Study

from astroclf.errors import Interrupted, State
from astroclf.sweep.content import SweepContent
from astroclf.sweep.engine import Budget, Engine, TooManyFailuresError
from astroclf.sweep.journal import Journal
from astroclf.sweep.nodes import SAMPLERS
from astroclf.sweep.processes import register_worker
from astroclf.sweep.space.read import read_space
from astroclf.sweep.space.space import Space
from astroclf.sweep.storage import open_storage
from astroclf.sweep.study import Identity, open_study
from astroclf.sweep.trial import TrialResult

Jobs = Sequence[tuple[int, list[str]]]
LEARNING = {"tpe", "cmaes", "gp"}


def space_of(params: dict[str, str]) -> Space:
    return read_space(params, {}, ["seed=3"], lambda key: None)


SPACE = space_of({"lr": "tag(log, interval(1e-4, 1e-1))", "dropout": "interval(0, 0.5)"})
GRID = space_of({"rank": "range(1, 4)", "loss": "choice(ce, focal)"})


def train(jobs: Jobs) -> list[TrialResult]:
    """All of them complete; their value depends on what they were given."""
    values = [sum(map(ord, "".join(overrides))) % 97 / 97 for _, overrides in jobs]
    return [TrialResult(State.COMPLETE, {"accuracy": value}) for value in values]


def search(
    folder: Path,
    n_trials: int,
    launch: Callable[[Jobs], Sequence[TrialResult]] = train,
    *,
    sampler: str = "random",
    seed: int = 0,
    n_jobs: int = 1,
    max_failure_rate: float = 1.0,
    storage: str | None = None,
) -> Study:
    """Run a study in that folder with one process; return the study, loaded from its storage."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = GRID if sampler == "grid" else SPACE
    identity = Identity(("accuracy",), ("maximize",), sampler, space.describe(), {})
    open_storage.cache_clear()
    study = open_study("study", open_storage(storage, folder), identity, folder)
    startup = {"n_startup_trials": 1} if sampler in LEARNING else {}

    def describe() -> SweepContent:
        trials = study.get_trials(deepcopy=False)
        return SweepContent("study", "", ("accuracy",), ("maximize",), trials, {})

    with register_worker(folder) as worker:
        Engine(
            study=study,
            space=space,
            objectives=("accuracy",),
            sampler={**SAMPLERS[sampler], **startup, "seed": seed},
            budget=Budget(n_trials, n_jobs, max_failure_rate),
            folder=folder,
            worker=worker,
            launch=launch,
            describe=describe,
        ).run()
    return study


def tried(study: Study) -> list[dict[str, Any]]:
    return [trial.params for trial in study.trials]


def states(study: Study) -> list[str]:
    return [trial.state.name for trial in study.trials]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_resumed_search_draws_the_same_trials(tmp_path: Path, sampler: str) -> None:
    one_go = search(tmp_path / "one", 5, sampler=sampler)
    search(tmp_path / "halves", 2, sampler=sampler)
    halves = search(tmp_path / "halves", 5, sampler=sampler)
    assert states(halves) == states(one_go) == ["COMPLETE"] * 5
    assert tried(halves) == tried(one_go)
    assert len({str(params) for params in tried(one_go)}) >= 4  # gp goes to a corner twice
    another = search(tmp_path / "seed", 5, sampler=sampler, seed=1)
    assert tried(another) != tried(one_go)


def test_a_grid_is_whole_after_its_last_point(tmp_path: Path) -> None:
    study = search(tmp_path, GRID.grid_size, sampler="grid")
    assert states(study) == ["COMPLETE"] * 6
    points = {(params["rank"], params["loss"]) for params in tried(study)}
    assert points == {(rank, loss) for rank in (1, 2, 3) for loss in ("ce", "focal")}


def test_a_job_gets_its_parameters_and_fixed_overrides(tmp_path: Path) -> None:
    jobs: list[tuple[int, list[str]]] = []

    def launch(given: Jobs) -> list[TrialResult]:
        jobs.extend(given)
        return train(given)

    study = search(tmp_path, 2, launch)
    for trial, (number, overrides) in zip(study.trials, jobs, strict=True):
        assert number == trial.number
        lr, dropout = trial.params["lr"], trial.params["dropout"]
        assert overrides == ["seed=3", f"lr={lr}", f"dropout={dropout}"]


@pytest.mark.parametrize(("n_jobs", "batches"), [(1, [1] * 5), (2, [2, 2, 1]), (9, [5])])
def test_as_many_are_started_at_once_as_are_wanted(
    tmp_path: Path, n_jobs: int, batches: list[int]
) -> None:
    sizes: list[int] = []

    def launch(jobs: Jobs) -> list[TrialResult]:
        sizes.append(len(jobs))
        return train(jobs)

    study = search(tmp_path, 5, launch, n_jobs=n_jobs)
    assert sizes == batches
    assert [trial.number for trial in study.trials] == list(range(5))
    assert len({str(params) for params in tried(study)}) == 5


def ending(**ends: TrialResult) -> Callable[[Jobs], list[TrialResult]]:
    """Trials n0=..., n1=... end like that, and all others complete."""

    def launch(jobs: Jobs) -> list[TrialResult]:
        return [
            ends.get(f"n{job[0]}", result) for job, result in zip(jobs, train(jobs), strict=True)
        ]

    return launch


def test_only_complete_and_pruned_trials_count(tmp_path: Path) -> None:
    launch = ending(
        n0=TrialResult(State.FAILED, reason="it broke"),
        n1=TrialResult(State.PRUNED, reason="it lagged"),
        n2=TrialResult(State.COMPLETE, {"accuracy": math.nan}),
        n3=TrialResult(State.COMPLETE, {"rmse": 0.1}),
        n4=TrialResult(State.COMPLETE, {"accuracy": math.inf}),
    )
    study = search(tmp_path, 4, launch)
    ended = ["FAIL", "PRUNED", "FAIL", "FAIL", "FAIL", "COMPLETE", "COMPLETE", "COMPLETE"]
    assert states(study) == ended
    off = "accuracy is not a number"
    reasons = [trial.user_attrs.get("reason") for trial in study.trials]
    assert reasons == ["it broke", "it lagged", off, off, off, None, None, None]


def test_pruned_trials_are_no_failures(tmp_path: Path) -> None:
    pruned = {f"n{number}": TrialResult(State.PRUNED, reason="it lagged") for number in range(3)}
    study = search(tmp_path, 4, ending(**pruned), max_failure_rate=0)
    assert states(study) == ["PRUNED"] * 3 + ["COMPLETE"]


@pytest.mark.parametrize(("rate", "n_failed"), [(0.0, 1), (0.25, 2), (0.5, 3)])
def test_more_failures_than_allowed_end_it(tmp_path: Path, rate: float, n_failed: int) -> None:
    def fail(jobs: Jobs) -> list[TrialResult]:
        return [TrialResult(State.FAILED, reason=f"broke {number}") for number, _ in jobs]

    with pytest.raises(
        TooManyFailuresError, match=f"^{n_failed} trials? (has|have) failed"
    ) as raised:
        search(tmp_path, 4, fail, max_failure_rate=rate)
    assert str(raised.value).endswith(f"Reason of the last one: broke {n_failed - 1}")


def test_interrupted_parameters_are_queued_again(tmp_path: Path) -> None:
    stop = TrialResult(State.INTERRUPTED, reason="SIGTERM", signal_number=15)
    with pytest.raises(Interrupted) as stopped:
        search(tmp_path, 3, ending(n1=stop))
    assert stopped.value.signal_number == 15
    study = search(tmp_path, 3)
    assert states(study) == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    assert study.trials[1].user_attrs["reason"] == "stopped by SIGTERM"
    assert study.trials[2].params == study.trials[1].params


def test_ctrl_c_in_the_launcher_stops_all_of_its_trials(tmp_path: Path) -> None:
    def interrupted(jobs: Jobs) -> list[TrialResult]:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        search(tmp_path, 3, interrupted, n_jobs=2)
    assert stopped.value.signal_number == 2
    study = search(tmp_path, 3)
    assert states(study) == ["FAIL", "FAIL", "COMPLETE", "COMPLETE", "COMPLETE"]
    assert tried(study)[2:4] == tried(study)[:2]


def test_trials_whose_launcher_breaks_down_have_failed(tmp_path: Path) -> None:
    def break_down(jobs: Jobs) -> list[TrialResult]:
        if jobs[0][0] == 0:
            raise OSError("a worker was killed")
        return train(jobs)

    study = search(tmp_path, 3, break_down, n_jobs=2)
    assert states(study) == ["FAIL", "FAIL", "COMPLETE", "COMPLETE", "COMPLETE"]
    reason = "its launcher broke down (OSError: a worker was killed)"
    assert [trial.user_attrs.get("reason") for trial in study.trials[:2]] == [reason] * 2


def test_a_database_remembers_as_a_journal_does(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'studies.db'}"
    search(tmp_path / "database", 1, storage=address)
    study = search(tmp_path / "database", 3, storage=address)
    assert states(study) == ["COMPLETE"] * 3
    assert tried(study) == tried(search(tmp_path / "journal", 3))


@pytest.mark.parametrize("n_written", range(2, 9))
def test_a_full_disk_leaves_no_trial_that_counts_as_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_written: int
) -> None:
    """n_written: events of the journal before the disk is full, in the middle of a trial."""
    search(tmp_path, 0)
    append, left = Journal.append_logs, [n_written]

    def append_or_fail(journal: Journal, logs: list[dict[str, Any]]) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(journal, logs)

    with monkeypatch.context() as full:
        full.setattr(Journal, "append_logs", append_or_fail)
        with pytest.raises(OSError, match="No space left"):
            search(tmp_path, 4)
    study = search(tmp_path, 4)
    assert states(study).count("COMPLETE") == 4
    assert {"RUNNING", "WAITING"}.isdisjoint(states(study))
