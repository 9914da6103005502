from __future__ import annotations

from pathlib import Path

import pytest

from astroclf.errors import State
from astroclf.tracking.record import Epoch, Record, now_ms
from astroclf.tracking.remote import RemoteRun


@pytest.fixture
def record(project: Path) -> Record:
    """Return the record of a run of two metrics with one file in the folder `project`."""
    (project / "report.html").write_text("page")
    return Record(
        name="name",
        parameters={"seed": "1"},
        tags={"git_commit": "abc"},
        metrics={"test/accuracy": 0.75},
        artifacts=["report.html"],
    )


def remote_run(project: Path) -> RemoteRun:
    return RemoteRun(f"sqlite:///{project}/mlflow.db", "tests", project)


def test_send_creates_a_run_and_a_second_call_sends_nothing(project: Path, record: Record) -> None:
    remote = remote_run(project)
    epochs = [Epoch(1, 1_000, {"loss": 0.5}), Epoch(2, 2_000, {"loss": 0.25})]
    remote.send(record, epochs)
    assert remote.is_new
    sent = remote.sent_items
    remote.send(record, epochs)
    assert remote.sent_items == sent
    run = remote._client.get_run(remote.run_id)
    assert run.data.params == {"seed": "1"}
    assert run.data.metrics == {"loss": 0.25, "test/accuracy": 0.75}
    assert run.info.status == "RUNNING"


def test_the_description_links_to_the_page_of_the_run(project: Path, record: Record) -> None:
    record.tags["mlflow.note.content"] = "[report]({run}/artifacts/report.html)"
    remote = remote_run(project)
    remote.send(record, [])
    note = remote._client.get_run(remote.run_id).data.tags["mlflow.note.content"]
    page = f"#/experiments/{remote.experiment_id}/runs/{remote.run_id}"
    assert note == f"[report]({page}/artifacts/report.html)"


def test_a_record_without_the_id_of_its_run_finds_it_by_key(project: Path, record: Record) -> None:
    first, second = remote_run(project), remote_run(project)
    first.send(record, [])
    second.send(record, [])
    assert (second.run_id, second.is_new) == (first.run_id, False)


def test_send_updates_a_run_that_was_sent_before(project: Path, record: Record) -> None:
    first = remote_run(project)
    first.send(record, [])
    record.note_place(first.place(), project)
    record.metrics["test/accuracy"] = 0.5
    record.state, record.end_ms = State.COMPLETE, now_ms() + 5
    second = remote_run(project)
    second.send(record, [Epoch(1, 1_000, {"loss": 0.5})])
    run = second._client.get_run(first.run_id)
    assert run.data.metrics == {"loss": 0.5, "test/accuracy": 0.5}
    assert (run.info.status, run.info.end_time) == ("FINISHED", record.end_ms)
    assert run.data.tags["state"] == "complete"


def test_the_parent_of_a_record_is_a_tag_of_its_run(project: Path, record: Record) -> None:
    parent = remote_run(project)
    parent.send(record, [])
    record.note_place(parent.place(), project)
    folder = project / "seed-1"
    folder.mkdir()
    child = RemoteRun(parent.uri, "tests", folder)
    child.send(Record(parent=".."), [])
    tags = child._client.get_run(child.run_id).data.tags
    assert tags["mlflow.parentRunId"] == parent.run_id
