from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.errors import State, UserError
from astroclf.settings import sections
from astroclf.tracking import open_tracker
from astroclf.tracking.record import read_record
from astroclf.tracking.sync import send_pending, sync
from astroclf.tracking.tracker import MlflowTracker

Recorded = Callable[[Path], Any]
Follow = Callable[..., MlflowTracker]

NONE = sections.Untracked(name="none")
LOCAL = sections.Mlflow(
    name="mlflow",
    uri=None,
    experiment=None,
    run_name=None,
    log_model=False,
    register=None,
    system_metrics=False,
)


def untracked_run(folder: Path, state: State = State.COMPLETE, parent: Path | None = None) -> Path:
    """Write the files of a run of two epochs that was not sent to a server; return its folder."""
    folder.mkdir(parents=True)
    tracker = open_tracker(NONE, folder, parent)
    tracker.start("name", {"seed": 1}, {"git_commit": "abc"})
    tracker.log_dataset("simulated", "simulated", "1a2b3c")
    (folder / "history.csv").write_text("epoch,loss,time_s\n1,0.5,2\n2,0.25,2\n")
    (folder / "report.html").write_text("page")
    tracker.log_metrics({"test/accuracy": 0.75})
    tracker.log_artifacts([folder / "report.html"])
    tracker.end(state)
    return folder


def last_line(log: pytest.LogCaptureFixture) -> str:
    return log.messages[-1]


def test_a_run_without_a_server_is_sent_completely_and_once(
    project: Path, recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    from mlflow import MlflowClient

    caplog.set_level(logging.INFO, "astroclf.tracking")
    folder = untracked_run(project / "outputs/run")
    sync(LOCAL, ["outputs"])
    assert last_line(caplog) == "1 runs: 1 sent, in mlflow ui"
    run = recorded(folder)
    record = read_record(folder)
    assert record is not None
    assert (run.info.status, run.info.run_name) == ("FINISHED", "name")
    assert (run.info.start_time, run.info.end_time) == (record.start_ms, record.end_ms)
    assert run.data.params == {"seed": "1"}
    assert run.data.tags["git_commit"] == "abc"
    assert run.data.metrics == {"loss": 0.25, "system/time_s": 2, "test/accuracy": 0.75}
    assert run.inputs.dataset_inputs[0].dataset.digest == "1a2b3c"
    client = MlflowClient(f"sqlite:///{project}/mlflow.db")
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["report.html"]

    sync(LOCAL, ["outputs/run"])
    assert last_line(caplog) == "1 runs: 1 unchanged, in mlflow ui"
    for name in ("loss", "test/accuracy"):
        steps = [each.step for each in client.get_metric_history(run.info.run_id, name)]
        assert len(steps) == len(set(steps)), name
    assert len(client.search_runs([run.info.experiment_id])) == 1


def test_missing_parts_of_a_run_are_sent(
    project: Path, recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "astroclf.tracking")
    folder = untracked_run(project / "run")
    sync(LOCAL, ["run"])
    with (folder / "history.csv").open("a") as file:
        file.write("3,0.125,2\n")
    (folder / "report.html").write_text("another page")
    sync(LOCAL, ["run"])
    assert last_line(caplog) == "1 runs: 1 completed, in mlflow ui"
    assert recorded(folder).data.metrics["loss"] == 0.125


def test_nested_runs_are_sent_after_the_run_above_them(project: Path, recorded: Recorded) -> None:
    child = untracked_run(project / "sweep/0", parent=project / "sweep")
    parent = open_tracker(NONE, project / "sweep")
    parent.start("sweep", {}, {})
    parent.end()
    sync(LOCAL, ["sweep"])
    tags = recorded(child).data.tags
    assert tags["mlflow.parentRunId"] == recorded(project / "sweep").info.run_id


def test_a_run_whose_record_was_lost_after_it_was_sent_is_found_by_its_key(
    project: Path, recorded: Recorded
) -> None:
    folder = untracked_run(project / "run")
    unsent = (folder / "mlflow.json").read_text()
    sync(LOCAL, ["run"])
    first = recorded(folder).info.run_id
    (folder / "mlflow.json").write_text(unsent)
    sync(LOCAL, ["run"])
    assert recorded(folder).info.run_id == first


def test_a_run_that_was_deleted_on_the_server_is_sent_again(
    project: Path, recorded: Recorded
) -> None:
    folder = untracked_run(project / "run")
    sync(LOCAL, ["run"])
    first = recorded(folder)
    from mlflow import MlflowClient

    MlflowClient(f"sqlite:///{project}/mlflow.db").delete_run(first.info.run_id)
    sync(LOCAL, ["run"])
    second = recorded(folder)
    assert second.info.run_id != first.info.run_id
    assert second.data.metrics["loss"] == 0.25


def test_unsent_trials_are_sent_at_the_end_of_a_search(project: Path, recorded: Recorded) -> None:
    trial = untracked_run(project / "study/0")
    running = untracked_run(project / "study/1", state=State.RUNNING)
    send_pending(NONE, project / "study")
    assert read_record(trial).run_id == ""  # type: ignore[union-attr]
    send_pending(LOCAL, project / "study")
    assert recorded(trial).info.status == "FINISHED"
    assert read_record(running).run_id == ""  # type: ignore[union-attr]


def test_a_sync_without_runs_or_server_is_refused_in_one_sentence(
    project: Path, failing_server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(UserError, match="tracking=none: task=sync sends runs to MLflow"):
        sync(NONE, ["outputs"])
    with pytest.raises(UserError, match=r"task\.folders=outputs: there is no such folder"):
        sync(LOCAL, ["outputs"])
    (project / "empty").mkdir()
    with pytest.raises(UserError, match="no run is recorded there"):
        sync(LOCAL, ["empty"])
    untracked_run(project / "run")
    away = LOCAL.model_copy(update={"uri": failing_server.uri})
    with pytest.raises(UserError, match=r"run was not sent\. tracking\.uri=http://127"):
        sync(away, ["run"])
    send_pending(away, project)
    assert "task=sync" in caplog.messages[-1]


def test_sync_closes_a_killed_run_and_leaves_one_in_progress(
    project: Path, recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    from filelock import FileLock

    caplog.set_level(logging.INFO, "astroclf.tracking")
    folder = untracked_run(project / "run", state=State.RUNNING)
    sync(LOCAL, ["run"])  # without a lock it is the trial of a search, which closes it
    assert last_line(caplog) == "1 runs: 1 running, in mlflow ui"
    with FileLock(folder / ".lock"):
        sync(LOCAL, ["run"])
    assert last_line(caplog) == "1 runs: 1 running, in mlflow ui"
    sync(LOCAL, ["run"])
    run = recorded(folder)
    assert (run.info.status, run.data.tags["reason"]) == ("KILLED", "its process was killed")
    sync(LOCAL, ["run"])
    assert last_line(caplog) == "1 runs: 1 unchanged, in mlflow ui"
