from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.errors import State
from astroclf.settings import sections
from astroclf.tracking import Tracker, open_tracker
from astroclf.tracking.record import PARAMETER_LENGTH, read_record
from astroclf.tracking.sender import Patience
from astroclf.tracking.tracker import MlflowTracker

Follow = Callable[..., MlflowTracker]
Recorded = Callable[[Path], Any]

DEAD_SERVER = "http://127.0.0.1:9"
SHORT = Patience(wait_s=0.3, last_pause_s=0.05, first_pause_s=0.05, longest_pause_s=0.1)


def warnings_in(log: pytest.LogCaptureFixture) -> list[str]:
    """Return the texts of warnings and errors."""
    return [each.getMessage() for each in log.records if each.levelno >= logging.WARNING]


def test_a_resumed_run_keeps_its_id_and_loses_the_tags_of_its_interruption(
    follow: Follow, recorded: Recorded
) -> None:
    stopped = follow()
    stopped.start("name", {"trainer": {"epochs": 2}, "seed": 1}, {})
    stopped.log_metrics({"loss": 1.0}, step=1)
    stopped.end(State.INTERRUPTED, "SIGINT")
    tags = recorded(stopped.folder).data.tags
    assert (tags["state"], tags["reason"]) == ("interrupted", "SIGINT")

    resumed = follow()
    resumed.start("name", {"trainer": {"epochs": 4, "device": "cpu"}, "seed": 1}, {})
    resumed.wait()
    run = recorded(stopped.folder)
    assert run.info.status == "RUNNING"
    assert not run.data.tags.keys() & {"state", "reason"}
    resumed.end()
    run = recorded(stopped.folder)
    assert run.data.tags["state"] == "complete"
    assert resumed.remote.run_id == stopped.remote.run_id
    # MLflow takes a parameter once.
    assert run.data.params == {"trainer.epochs": "2", "trainer.device": "cpu", "seed": "1"}


def test_a_run_with_other_parameters_in_the_same_folder_is_another_run(follow: Follow) -> None:
    first = follow()
    first.start("name", {"seed": 1}, {})
    first.end()
    second = follow()
    second.start("name", {"seed": 2}, {})
    second.end()
    assert second.remote.run_id != first.remote.run_id


def test_metrics_that_are_not_finite_are_left_out(follow: Follow, recorded: Recorded) -> None:
    tracker = follow()
    tracker.start("name", {}, {})
    numbers = {"a": 1.5, "b": math.nan, "c": math.inf, "d": -math.inf, "e": 0}
    tracker.log_metrics(numbers, step=3)
    tracker.end()
    assert recorded(tracker.folder).data.metrics == {"a": 1.5, "e": 0}


def test_long_parameters_are_cut_and_many_are_sent(follow: Follow, recorded: Recorded) -> None:
    tracker = follow()
    many = {f"key{number}": number for number in range(250)}
    tracker.start("name", {"long": "x" * 10_000, "many": many, "odd": "caf\udce9"}, {})
    tracker.end()
    parameters = recorded(tracker.folder).data.params
    assert parameters["long"] == "x" * PARAMETER_LENGTH
    assert parameters["odd"] == "caf\\udce9"
    assert len(parameters) == 252


def test_a_given_name_and_experiment_are_used(
    project: Path, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "stars & galaxies/2")
    chosen = sections.Mlflow(
        name="mlflow",
        uri=None,
        experiment=None,
        run_name="mine",
        log_model=False,
        register=None,
        system_metrics=False,
    )
    tracker = open_tracker(chosen, project)
    tracker.start("name", {}, {"git_commit": "abc"})
    (project / "notes.txt").write_text("kept")
    tracker.log_artifacts([project / "notes.txt", project / "missing.txt"])
    tracker.end()
    run = recorded(project)
    assert run.info.run_name == "mine"
    assert run.data.tags["git_commit"] == "abc"
    experiment = MlflowClient(f"sqlite:///{project}/mlflow.db").get_experiment(
        run.info.experiment_id
    )
    assert experiment.name == "stars & galaxies/2"
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    assert list((project / "mlruns").glob("*/*/artifacts/notes.txt"))


def test_runs_and_files_are_found_in_a_folder_of_any_name(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    # All in one, since MLflow keeps one open database an address in a process.
    odd = project / 'Galaxy%20Zoo a?b#c o\'brien "x" é'
    odd.mkdir()
    (project / "mlflow.db").rename(odd / "mlflow.db")
    monkeypatch.chdir(odd)
    chosen = sections.Mlflow(
        name="mlflow",
        uri=None,
        experiment=None,
        run_name=None,
        log_model=False,
        register=None,
        system_metrics=False,
    )
    tracker = MlflowTracker(chosen, odd)
    tracker.start("name", {}, {})
    (odd / "report.html").write_text("kept")
    tracker.log_artifacts([odd / "report.html"])
    tracker.end()
    client = MlflowClient("sqlite:///mlflow.db")  # what a bare `mlflow ui` opens
    (run,) = client.search_runs([tracker.remote.experiment_id])
    assert run.info.run_id == tracker.remote.run_id
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["report.html"]
    (kept,) = odd.glob("mlruns/astroclf/*/artifacts/report.html")
    assert kept.read_text() == "kept"
    assert [path.name for path in project.iterdir()] == [odd.name]


def test_a_finished_run_prints_the_page_of_all_runs_and_its_own(
    follow: Follow, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "astroclf.tracking")
    tracker = follow()
    tracker.start("name", {}, {})
    tracker.end()
    page = f"http://127.0.0.1:5000/#/experiments/{tracker.remote.experiment_id}/runs"
    assert caplog.messages[-1].splitlines() == [
        f"compare     mlflow ui, then open {page}?workflowType=machine_learning",
        f"this run    {page}/{tracker.remote.run_id}?workflowType=machine_learning",
    ]


def test_a_run_has_one_logged_model(follow: Follow, recorded: Recorded) -> None:
    for _ in range(2):  # resumed, it is still one model
        tracker = follow()
        tracker.start("a.name/with:marks", {}, {})
        (tracker.folder / "bundle").mkdir(exist_ok=True)
        (tracker.folder / "bundle/bundle.json").write_text("{}")
        tracker.log_artifacts([tracker.folder / "bundle"])
        tracker.end()
    assert len(recorded(tracker.folder).outputs.model_outputs) == 1


def test_a_run_with_a_parent_is_nested_under_it(
    follow: Follow, recorded: Recorded, project: Path
) -> None:
    trackers = {}
    for folder in ("parent", "parent/child", "parent/child/own"):
        parent = (project / folder).parent if trackers else None
        trackers[folder] = follow(folder=folder, parent=parent)
        trackers[folder].start("name", {}, {})
        trackers[folder].wait()
    for folder in reversed(list(trackers)):
        trackers[folder].end()
    parents = [
        recorded(project / folder).data.tags.get("mlflow.parentRunId") for folder in trackers
    ]
    assert parents == [
        None,
        trackers["parent"].remote.run_id,
        trackers["parent/child"].remote.run_id,
    ]


def test_an_unreachable_server_delays_a_run_briefly_and_keeps_its_record(
    follow: Follow, caplog: pytest.LogCaptureFixture
) -> None:
    tracker = follow("http://bob:s3cret@127.0.0.1:9")
    start_s = time.perf_counter()
    tracker.start("name", {"tracking": {"uri": "http://bob:s3cret@127.0.0.1:9"}}, {})
    for epoch in range(3):
        tracker.log_metrics({"loss": 1.0}, step=epoch)
    tracker.end()
    assert time.perf_counter() - start_s < 20  # with the import of MLflow
    away, kept = warnings_in(caplog)
    assert away == (
        "MLflow: tracking.uri=http://***@127.0.0.1:9 cannot be reached. Is the server running? "
        "The run continues, and its folder holds all results."
    )
    assert kept.startswith("MLflow lacks a part of this run. Send it later with: python run.py")
    assert "task=sync task.folders=run " in kept
    assert "http://***@127.0.0.1:9" in kept
    assert "s3cret" not in caplog.text + (tracker.folder / "mlflow.json").read_text()
    record = read_record(tracker.folder)
    assert record is not None
    assert (record.status, record.is_sent, record.run_id) == ("FINISHED", False, "")


def test_failed_requests_lose_nothing(
    follow: Follow, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = follow()
    tracker.start("name", {}, {})
    tracker.wait()
    log_batch, failures = tracker.remote._client.log_batch, [OSError("No space left")] * 3

    def fail_three_times(*arguments: Any, **named: Any) -> None:
        if failures:
            raise failures.pop()
        log_batch(*arguments, **named)

    monkeypatch.setattr(tracker.remote._client, "log_batch", fail_three_times)
    for epoch in range(1, 4):
        tracker.log_metrics({"loss": 1.0}, step=epoch)
    tracker.end()
    run = recorded(tracker.folder)
    assert run.info.status == "FINISHED"
    history = tracker.remote._client.get_metric_history(run.info.run_id, "loss")
    assert [each.step for each in history] == [1, 2, 3]


@pytest.mark.parametrize(
    "behavior",
    [(500, "<html>oops</html>"), (503, ""), (200, "<html>login</html>"), (200, "{}x"), (404, "")],
    ids=str,
)
def test_responses_of_another_program_are_reported_in_one_sentence(
    follow: Follow,
    failing_server: Any,
    caplog: pytest.LogCaptureFixture,
    behavior: tuple[int, str],
) -> None:
    failing_server.behavior = behavior
    tracker = follow(failing_server.uri)
    tracker.start("name", {}, {})
    tracker.end()
    away, kept = warnings_in(caplog)
    assert away.startswith(f"MLflow: tracking.uri={failing_server.uri} does not answer as an")
    assert "\n" not in away
    assert "task=sync" in kept
    assert not tracker.record.is_sent


def test_the_end_of_a_run_waits_for_a_hung_server_up_to_the_limit(
    follow: Follow, failing_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow  # noqa: F401 - its import is not the cost of the server

    failing_server.behavior = None
    tracker = follow(failing_server.uri, patience=SHORT)
    tracker.start("name", {}, {})
    start_s = time.perf_counter()
    tracker.end()
    assert time.perf_counter() - start_s < 5
    assert not tracker.record.is_sent


def test_an_interrupted_run_waits_less(follow: Follow, failing_server: Any) -> None:
    failing_server.behavior = None
    tracker = follow(failing_server.uri, patience=Patience(wait_s=60, interrupted_wait_s=0.2))
    tracker.start("name", {}, {})
    start_s = time.perf_counter()
    tracker.end(State.INTERRUPTED, "SIGINT")
    assert time.perf_counter() - start_s < 5


def test_trials_of_a_search_share_the_outages_of_a_server(
    follow: Follow, failing_server: Any, caplog: pytest.LogCaptureFixture, project: Path
) -> None:
    parent = follow(failing_server.uri, folder="study", patience=Patience(first_pause_s=60))
    parent.start("study", {}, {})
    parent.wait()
    asked = len(failing_server.requests)
    assert asked >= 1
    for number in range(3):
        trial = follow(failing_server.uri, folder=f"study/{number}", parent=parent.folder)
        trial.start("trial", {}, {})
        trial.end()
    assert len(failing_server.requests) == asked
    assert sum("does not answer" in each for each in warnings_in(caplog)) == 1


def test_a_deleted_experiment_is_named_with_its_remedy(
    follow: Follow, caplog: pytest.LogCaptureFixture
) -> None:
    first = follow(experiment="stars")
    first.start("name", {}, {})
    first.end()
    first.remote._client.delete_experiment(first.remote.experiment_id)
    second = follow(folder="second", experiment="stars")
    second.start("name", {}, {})
    second.end()
    assert warnings_in(caplog)[0].startswith(
        "MLflow: tracking.experiment=stars: the experiment was deleted in MLflow. Choose another name, or restore it: "
        "MLFLOW_TRACKING_URI="
    )
    assert f"--experiment-id {first.remote.experiment_id}" in caplog.text


@pytest.mark.parametrize("uri", ["./mlruns", "file:///tmp/mlruns"])
def test_a_refused_file_store_is_named_with_its_remedy(
    follow: Follow, caplog: pytest.LogCaptureFixture, uri: str
) -> None:
    tracker = follow(uri)
    tracker.start("name", {}, {})
    tracker.end()
    assert warnings_in(caplog)[0].startswith(
        f"MLflow: tracking.uri={uri}: MLflow no longer stores runs in plain files. Give a database"
    )


def test_without_tracking_only_the_record_is_written(tmp_path: Path) -> None:
    tracker = open_tracker(sections.Untracked(name="none"), tmp_path)
    assert type(tracker) is Tracker
    tracker.start("name", {"seed": 1}, {})
    tracker.log_dataset("name", "source", "fingerprint")
    tracker.log_metrics({"a": 1.0}, step=1)
    tracker.log_metrics({"b": 2.0})
    tracker.wait()
    tracker.end()
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.json"]
    content = json.loads((tmp_path / "mlflow.json").read_text())
    assert (content["state"], content["parameters"]) == ("complete", {"seed": "1"})
    assert content["metrics"] == {"b": 2.0}


def test_a_full_disk_is_reported_and_ends_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from astroclf.tracking.record import Record

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Record, "write", fail)
    tracker = open_tracker(sections.Untracked(name="none"), tmp_path)
    tracker.start("name", {}, {})
    tracker.end()
    assert all("mlflow.json cannot be written (No space left" in each for each in caplog.messages)
    assert len(caplog.messages) == 2


def test_the_end_can_be_interrupted_while_mlflow_is_waited_for(
    follow: Follow, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def interrupt(*_: Any, **__: Any) -> bool:
        raise KeyboardInterrupt

    tracker = follow()
    tracker.start("name", {}, {})
    monkeypatch.setattr(tracker.sender, "finish", interrupt)
    tracker.end()
    assert "stopped waiting for MLflow; all results of the run are in its folder" in caplog.text
    assert "task=sync" in caplog.text
