"""A sweep that goes on: to its total, after a kill, after Ctrl-C, with the trials it would have had."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.usefixtures("without_charts")

LR = ("search=none", "optimizer.lr=tag(log,interval(1e-4,1e-2))")

# run.py, whose trial 1 falls asleep in its second epoch.
SLEEPY = """
import os, runpy, sys, time
from astroclf.training.learner import Learner
step, taken = Learner.step, []
def sleepy(self, batches):
    if os.environ.get("ASTROCLF_TRIAL") == "1":
        taken.append(1)
        if len(taken) > 3:
            time.sleep(600)
    return step(self, batches)
Learner.step = sleepy
sys.argv[:] = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_a_sweep_resumes_to_its_total(sweep: Any) -> None:
    assert sweep.run(*LR, n_trials=1).code == 0
    before = sweep.files(0)

    # Device and tracking are not compared.
    ran = sweep.run(*LR, "trainer.device_cache_fraction=0", n_trials=3)
    assert (ran.code, ran.err) == (0, "")
    assert "study study: 3 trials, 1 of them done" in ran.out
    shown = [line for line in ran.out.splitlines() if line.startswith("trial ")]
    assert [line.split()[1] for line in shown] == ["1", "2"]
    assert sweep.states == ["COMPLETE"] * 3
    assert sweep.folders == ["0", "1", "2"]
    assert sweep.files(0) == before
    assert len({trial.params["optimizer.lr"] for trial in sweep.trials}) == 3

    trials = sweep.trials
    best = min(trials, key=lambda trial: trial.value)
    ran = sweep.run(*LR, n_trials=2)
    assert (ran.code, ran.err) == (0, "")
    assert "study study has its 3 trials already" in ran.out
    assert f"best        trial {best.number}, loss {best.value:.4g}" in ran.out
    assert "the same command" not in ran.out
    assert sweep.trials == trials


def kill_in_trial_1(sweep: Any) -> None:
    """Start the sweep in a process of its own, and kill that in the second epoch of trial 1."""
    history = sweep.folder / "1/history.csv"
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPY, str(ROOT / "run.py"), *sweep.arguments(*LR, n_trials=3)],
        cwd=sweep.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until = time.monotonic() + 120
        while not (history.is_file() and history.read_text().count("\n") == 2):
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < until
            time.sleep(0.02)
    finally:
        process.kill()
        process.communicate()


def test_a_trial_whose_process_was_killed_is_tried_again(sweep: Any) -> None:
    kill_in_trial_1(sweep)
    assert sweep.states == ["COMPLETE", "RUNNING"]
    killed = sweep.trials[1]
    before = sweep.files(0)

    ran = sweep.run(*LR, n_trials=3)
    assert (ran.code, ran.err) == (0, "")
    assert "trial 1 was running when its process was killed" in ran.out
    assert sweep.states == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    trials = sweep.trials
    assert trials[1].user_attrs["reason"] == "its process was killed"
    assert trials[2].params == killed.params
    assert len({trial.params["optimizer.lr"] for trial in trials}) == 3
    assert sweep.files(0) == before
    assert sweep.folders == ["0", "1", "2", "3"]
    assert [row["state"] for row in sweep.rows] == sweep.states
    assert "study: 3 complete, 1 interrupted" in ran.out


def test_ctrl_c_in_a_trial_ends_the_sweep_and_the_same_command_resumes_it(
    sweep: Any, at_each_step: Callable[..., Any]
) -> None:
    def interrupt(trial: int | None) -> None:
        if trial == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with at_each_step(interrupt):
        ran = sweep.run(*LR, n_trials=2)
    assert (ran.code, ran.err) == (130, "")
    assert sweep.states[:2] == ["COMPLETE", "FAIL"]
    stopped = sweep.trials[1]
    assert stopped.user_attrs["reason"] == "stopped by SIGINT"
    assert "resume      the same command" in ran.out
    assert [row["state"] for row in sweep.rows[:2]] == ["COMPLETE", "FAIL"]

    ran = sweep.run(*LR, n_trials=2)
    assert (ran.code, ran.err) == (0, "")
    assert sweep.states == ["COMPLETE", "FAIL", "COMPLETE"]
    assert sweep.trials[2].params == stopped.params
