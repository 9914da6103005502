from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from astroclf.errors import State
from astroclf.tracking.models import create_model
from astroclf.tracking.record import Record, now_ms
from astroclf.tracking.remote import RemoteRun


@pytest.fixture
def record(project: Path) -> Record:
    """Return the record of a finished run whose bundle is logged and registered."""
    for name, content in (("bundle/bundle.json", "{}"), ("mlflow_model/MLmodel", "flavors: {}")):
        (project / name).parent.mkdir()
        (project / name).write_text(content)
    return Record(
        name="cnn 1",
        state=State.COMPLETE,
        end_ms=now_ms(),
        artifacts=["bundle"],
        model="mlflow_model",
        register_as="stars",
    )


def remote_run(project: Path) -> RemoteRun:
    return RemoteRun(f"sqlite:///{project}/mlflow.db", "tests", project)


def files_of(remote: RemoteRun, model_id: str) -> set[str]:
    location = str(remote._client.get_logged_model(model_id).artifact_location)
    root = Path(location.removeprefix("file://"))
    return {str(each.relative_to(root)) for each in root.rglob("*") if each.is_file()}


def test_a_model_is_logged_with_its_bundle_and_registered_once(
    project: Path, record: Record
) -> None:
    first = remote_run(project)
    first.send(record, [])
    record.note_place(first.place(), project)
    second = remote_run(project)
    second.send(record, [])
    assert second.sent_items == 0
    run = first._client.get_run(first.run_id)
    (output,) = run.outputs.model_outputs
    model = first._client.get_logged_model(output.model_id)
    assert (model.name, model.status.value) == ("cnn-1", "READY")
    assert files_of(first, output.model_id) == {"MLmodel", "bundle/bundle.json"}
    shown = json.loads(model.tags["mlflow.modelVersions"])
    assert shown == [{"name": "stars", "version": "1"}]
    (version,) = first._client.search_model_versions("name = 'stars'")
    assert (version.version, version.run_id) in ((1, first.run_id), ("1", first.run_id))
    assert (first.version, second.version) == ("1", "1")


def test_a_model_is_registered_in_a_store_that_is_not_the_default(
    project: Path, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = remote_run(project)
    (project / "elsewhere").mkdir()
    monkeypatch.chdir(project / "elsewhere")
    remote.send(record, [])
    (version,) = remote._client.search_model_versions("name = 'stars'")
    assert version.source.startswith(f"file://{project}/mlruns/")
    assert list((project / "elsewhere").iterdir()) == []


def test_an_upload_that_failed_is_continued(
    project: Path, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    from astroclf.tracking import remote as module

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    remote = remote_run(project)
    with monkeypatch.context() as patch:
        patch.setattr(module, "upload_model", fail)
        with pytest.raises(OSError, match="No space"):
            remote.send(record, [])
    remote.send(record, [])
    assert len(remote._client.search_logged_models([remote.experiment_id])) == 1
    assert remote.version == "1"


def test_a_bundle_that_was_trained_on_is_a_new_version(project: Path, record: Record) -> None:
    first = remote_run(project)
    first.send(record, [])
    record.note_place(first.place(), project)
    (project / "bundle/bundle.json").write_text('{"epochs": 2}')
    second = remote_run(project)
    second.send(record, [])
    assert (first.version, second.version) == ("1", "2")
    assert second.model_id != first.model_id


def test_a_nested_run_is_logged_but_not_registered(project: Path, record: Record) -> None:
    record.parent = ".."
    remote = remote_run(project)
    remote.send(record, [])
    assert remote.model_id is not None
    assert remote._client.search_registered_models() == []


def test_a_run_without_a_logged_model_has_an_empty_one(project: Path, record: Record) -> None:
    record.model = record.register_as = ""
    remote = remote_run(project)
    remote.send(record, [])
    assert remote.model_id is not None
    assert remote._client.get_logged_model(remote.model_id).tags["bundle"].endswith("/bundle")
    remote.send(record, [])
    assert len(remote._client.search_logged_models([remote.experiment_id])) == 1


def failing_client(code: str) -> Any:
    from mlflow.exceptions import MlflowException

    def fail(*_: Any, **__: Any) -> None:
        error = MlflowException("no")
        error.error_code = code
        raise error

    return SimpleNamespace(create_logged_model=fail)


def test_a_server_without_logged_models_is_no_failure() -> None:
    assert create_model(failing_client("ENDPOINT_NOT_FOUND"), "1", "run", "name") is None


def test_any_other_refusal_of_a_logged_model_is_raised() -> None:
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException):
        create_model(failing_client("INTERNAL_ERROR"), "1", "run", "name")


def test_a_model_that_the_server_does_not_take_is_reported(
    project: Path, record: Record, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from astroclf.tracking import remote as module

    monkeypatch.setattr(module, "create_model", lambda *_: None)
    remote = remote_run(project)
    remote.send(record, [])
    assert "tracking.log_model" in caplog.text
    assert remote._client.get_run(remote.run_id).info.status == "FINISHED"
