from __future__ import annotations

from pathlib import Path

import pytest

from astroclf.errors import State, UserError
from astroclf.tasks.model_from.selection import finished_trainings, select_best, value_of
from astroclf.tracking.lookup import KnownRun


def run(
    name: str,
    value: float | None = 0.5,
    *,
    monitor: str = "accuracy",
    fingerprint: str = "aaaa",
    task: str = "train",
    state: State = State.COMPLETE,
    end_ms: int = 1,
) -> KnownRun:
    return KnownRun(
        name=name,
        run_id="",
        folder=Path(name),
        state=state,
        end_ms=end_ms,
        parameters={"trainer.monitor": monitor, "task.name": task},
        tags={"dataset_fingerprint": fingerprint},
        metrics={} if value is None else {f"val_best/{monitor}": value},
        is_nested=False,
    )


def test_the_best_run_has_the_highest_accuracy_or_the_lowest_loss() -> None:
    best, reason = select_best([run("a", 0.7), run("b", 0.9), run("c", None)], "model_from=best")
    assert (best.name, reason) == ("b", "best val accuracy of 3 runs: 0.9000")
    best, _ = select_best([run("a", 0.7, monitor="loss"), run("b", 0.9, monitor="loss")], "")
    assert best.name == "a"


def test_runs_that_monitored_different_metrics_are_refused() -> None:
    with pytest.raises(UserError, match=r"monitored different metrics \(accuracy, loss\)"):
        select_best([run("a"), run("b", monitor="loss")], "model_from=best")


def test_runs_of_other_images_are_refused() -> None:
    with pytest.raises(UserError, match="have 2 different sets of images, labels or splits"):
        select_best([run("a"), run("b", fingerprint="bbbb")], "model_from=best")


def test_runs_without_the_metric_are_refused() -> None:
    with pytest.raises(UserError, match="no run has a val accuracy"):
        select_best([run("a", None)], "model_from=best")
    assert value_of(run("a", None)) is None


def test_only_finished_trainings_count_in_the_order_of_their_end() -> None:
    runs = [
        run("late", end_ms=9),
        run("early", end_ms=2, task="crossval"),
        run("stopped", state=State.INTERRUPTED),
        run("predicted", task="predict", end_ms=10),
    ]
    found = finished_trainings(runs, "outputs", "model_from=last")
    assert [each.name for each in found] == ["early", "late"]
    with pytest.raises(UserError, match="no finished training in outputs"):
        finished_trainings(runs[2:], "outputs", "model_from=last")
