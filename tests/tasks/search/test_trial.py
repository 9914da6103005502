"""Trials that fail, alone; and trials that are pruned, which is no failure."""

from __future__ import annotations

import errno
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from astroclf.sweep.engine import Engine

pytestmark = pytest.mark.usefixtures("without_charts")

LR = ("search=none", "optimizer.lr=tag(log,interval(1e-4,1e-2))", "trainer.monitor=accuracy")
MEDIAN = (
    "hydra/sweeper/pruner=median",
    "hydra.sweeper.pruner.n_startup_trials=2",
    "hydra.sweeper.pruner.n_warmup_steps=1",
)


def fail(number: int | None) -> torch.Tensor | None:
    """Each of the trials 1 to 4 in its own way."""
    if number == 1:
        raise RuntimeError("the disk\nis on fire")
    if number == 2:
        return torch.tensor(math.nan)
    if number == 3:
        raise MemoryError
    if number == 4:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB.")
    return None


def accuracy(number: int, epoch: int) -> float:
    """NaN in trial 5, and the best in trial 6."""
    return math.nan if number == 5 else 0.5 + 0.05 * number


@pytest.fixture(scope="module")
def failing(
    begin_sweep: Callable[..., Any],
    at_each_step: Callable[..., Any],
    with_accuracy: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    sweep = begin_sweep(tmp_path_factory.mktemp("failing"))
    with at_each_step(fail), with_accuracy(accuracy):
        sweep.ran = sweep.run(
            *LR, "hydra.sweeper.max_failure_rate=1", "trainer.epochs=1", n_trials=5
        )
    return sweep


REASONS = {
    1: "RuntimeError: the disk is on fire",
    2: "The loss became nan in epoch 1, step 1: most likely the learning rate is too high",
    3: "out of memory (MemoryError)",
    4: "out of memory (CUDA out of memory. Tried to allocate 20 GiB.)",
    5: "accuracy is not a number",
}


def test_the_others_go_on_to_the_total(failing: Any) -> None:
    assert failing.ran.code == 0
    states = ["FAIL" if number in REASONS else "COMPLETE" for number in range(10)]
    assert failing.states == states
    assert "study: 5 complete, 5 fail" in failing.ran.out


@pytest.mark.parametrize("number", REASONS)
def test_the_reason_of_a_failure_is_kept(failing: Any, number: int) -> None:
    trial, row = failing.trials[number], failing.rows[number]
    assert trial.user_attrs["reason"].startswith(REASONS[number])
    assert row["reason"] == trial.user_attrs["reason"]
    assert (row["state"], row["folder"]) == ("FAIL", str(number))
    (line,) = (
        each for each in failing.ran.out.splitlines() if each.startswith(f"trial   {number}")
    )
    assert "FAILED" in line
    assert REASONS[number] in line


def test_an_unexpected_error_leaves_its_traceback(failing: Any) -> None:
    shown = (failing.folder / "1/error.txt").read_text()
    assert shown.startswith("Traceback")
    assert "the disk\nis on fire" in shown
    assert not (failing.folder / "2/error.txt").exists()  # its sentence says all


def test_failures_are_nothing_that_the_best_is_chosen_from(
    failing: Any, read_page: Callable[..., Any]
) -> None:
    assert "best        trial 9, accuracy 0.95" in failing.ran.out
    overlay = (failing.folder / "experiment/best.yaml").read_text()
    assert "Trial 9 of the study study: accuracy 0.95 on val, the best of 5" in overlay
    assert "out of memory (MemoryError)" in read_page(failing.folder / "sweep.html").text


def test_too_many_failures_end_the_sweep(sweep: Any, at_each_step: Callable[..., Any]) -> None:
    chosen = (*LR, "hydra.sweeper.max_failure_rate=0.5", "trainer.epochs=1")

    def fail_first(number: int | None) -> None:
        if number in (1, 2):
            raise RuntimeError("the disk is on fire")

    with at_each_step(fail_first):
        ran = sweep.run(*chosen, n_trials=2)
    assert ran.code == 2
    assert ran.err == (
        "astroclf: 2 trials have failed, more than hydra.sweeper.max_failure_rate=0.5 of 2 allows, so the "
        "search stops. Reason of the last one: RuntimeError: the disk is on fire\n"
    )
    assert sweep.states == ["COMPLETE", "FAIL", "FAIL"]
    assert [row["state"] for row in sweep.rows] == sweep.states
    assert "best        trial 0" in ran.out

    # The same command goes on: failures of earlier calls are forgiven.
    assert sweep.run(*chosen, n_trials=2).code == 0
    assert sweep.states == ["COMPLETE", "FAIL", "FAIL", "COMPLETE"]


CURVES = {0: (0.5, 0.7), 1: (0.6, 0.8), 2: (0.1, 0.95), 3: (0.65, 0.9)}


def test_a_trial_that_lags_is_pruned(
    sweep: Any, with_accuracy: Callable[..., Any], read_page: Callable[..., Any]
) -> None:
    chosen = (*LR, *MEDIAN, "hydra.sweeper.max_failure_rate=0")
    with with_accuracy(lambda number, epoch: CURVES[number][epoch - 1]):
        ran = sweep.run(*chosen, n_trials=4)
    assert (ran.code, ran.err) == (0, "")
    # A pruned trial counts as finished: there is no fifth one.
    assert sweep.states == ["COMPLETE", "COMPLETE", "PRUNED", "COMPLETE"]
    assert [len(sweep.history(number)) for number in range(4)] == [2, 2, 1, 2]
    pruned, row = sweep.trials[2], sweep.rows[2]
    assert pruned.intermediate_values == {1: 0.1}
    assert "lagged behind other trials after epoch 1" in pruned.user_attrs["reason"]
    assert (row["state"], row["value"]) == ("PRUNED", "0.1")
    assert row["reason"] == pruned.user_attrs["reason"]
    assert not (sweep.folder / "2/error.txt").exists()
    assert "study: 3 complete, 1 pruned" in ran.out
    assert "best        trial 3, accuracy 0.9" in ran.out
    assert "1 of 4 trials (25%) were pruned." in read_page(sweep.folder / "sweep.html").text


def test_without_a_pruner_every_trial_runs_to_its_end(
    sweep: Any, with_accuracy: Callable[..., Any]
) -> None:
    with with_accuracy(lambda number, epoch: CURVES[number][epoch - 1]):
        ran = sweep.run(*LR, "hydra/sweeper/pruner=none", n_trials=3)
    assert ran.code == 0
    assert sweep.states == ["COMPLETE"] * 3
    assert [len(sweep.history(number)) for number in range(3)] == [2, 2, 2]
    assert "best        trial 2, accuracy 0.95" in ran.out


def test_a_full_disk_ends_in_one_sentence_and_a_report(
    sweep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "study.journal")

    with monkeypatch.context() as full:
        full.setattr(Engine, "tell", fail)
        ran = sweep.run(*LR, "trainer.epochs=1", n_trials=1)
    assert ran.code == 2
    assert ran.err.startswith("astroclf: study.journal cannot be read or written (No space left")
    assert "other processes" not in ran.out
    assert (sweep.folder / "sweep.html").exists()
    assert sweep.run(*LR, "trainer.epochs=1", n_trials=1).code == 0
    assert sweep.states == ["FAIL", "COMPLETE"]
