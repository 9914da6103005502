"""Four processes on one study, of which one is killed in the middle of a trial."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

pytestmark = pytest.mark.slow

N_TRIALS, N_PROCESSES = 12, 4


def stop_one_at_work(sweep: Any) -> int:
    """Stop a process during a trial after the fourth; return its process id."""
    for _ in range(3000):
        time.sleep(0.1)
        if not (sweep.folder / "study.journal").exists():
            continue
        try:
            begun = sweep.trials
        except KeyError:  # the journal has no study yet
            continue
        for trial in begun[4:]:
            if trial.state != TrialState.RUNNING or not trial.params:
                continue
            pid = int(Path(trial.user_attrs["process"]).name.split("-")[0])
            os.kill(pid, signal.SIGSTOP)
            time.sleep(0.1)
            if sweep.trials[trial.number].state == TrialState.RUNNING:
                return pid
            os.kill(pid, signal.SIGCONT)
    raise AssertionError("no fifth trial was started")


def start_four(sweep: Any) -> list[subprocess.Popen[str]]:
    longer = ("trainer.epochs=30", "trainer.patience=30", "hydra/sweeper/pruner=none")
    tracking = ("tracking=mlflow", f"tracking.uri=sqlite:///{sweep.root / 'runs.db'}")
    return [
        sweep.start(*longer, *tracking, "search=full", n_trials=N_TRIALS)
        for _ in range(N_PROCESSES)
    ]


def test_four_processes_share_a_study(sweep: Any) -> None:
    processes = start_four(sweep)
    output = [process.communicate(timeout=500)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * N_PROCESSES, output
    states = sweep.states
    assert set(states) == {"COMPLETE"}
    assert N_TRIALS <= len(states) < N_TRIALS + N_PROCESSES
    tried = [str(trial.params) for trial in sweep.trials]
    assert len(set(tried)) == len(tried)
    assert any("sweep.html" in text for text in output)
    assert len(sweep.rows) == len(states)
    sweep.check_nested(n_trials=len(states))


def test_trials_of_a_killed_process_are_tried_by_the_others(sweep: Any) -> None:
    processes = start_four(sweep)
    pid = stop_one_at_work(sweep)
    os.kill(pid, signal.SIGKILL)
    output = [process.communicate(timeout=500)[0] for process in processes]
    codes = {process.pid: process.returncode for process in processes}
    assert codes.pop(pid) == -signal.SIGKILL
    assert list(codes.values()) == [0] * (N_PROCESSES - 1), output
    trials = sweep.trials
    (killed,) = [trial for trial in trials if trial.state == TrialState.FAIL]
    assert killed.user_attrs["reason"] == "its process was killed"
    (again,) = [trial for trial in trials if trial.user_attrs.get("retried")]
    assert (again.params, again.state) == (killed.params, TrialState.COMPLETE)
    n_complete = sum(trial.state == TrialState.COMPLETE for trial in trials)
    assert N_TRIALS <= n_complete < N_TRIALS + N_PROCESSES
    assert n_complete == len(trials) - 1
    assert len(sweep.rows) == len(trials)
