from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from astroclf.errors import State, UserError
from astroclf.tracking.record import (
    Record,
    finite,
    flat_parameters,
    flatten,
    read_epochs,
    read_record,
    storable,
)


def test_a_record_is_read_as_written(tmp_path: Path) -> None:
    record = Record(name="a", parameters={"seed": "1"}, metrics={"b": 0.5}, artifacts=["x"])
    record.write(tmp_path)
    assert read_record(tmp_path) == record
    assert read_record(tmp_path / "missing") is None


def test_a_record_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    (tmp_path / "mlflow.json").write_text(json.dumps({"uri": "sqlite:////a.db", "run_id": "1"}))
    record = read_record(tmp_path)
    assert record is not None
    assert (record.uri, record.run_id, record.is_sent) == ("sqlite:////a.db", "1", False)
    assert record.is_same_run({"seed": "1"})


def test_a_record_without_a_schema_version_is_migrated(tmp_path: Path) -> None:
    former = {"status": "KILLED", "state": "stopped", "reason": "SIGINT"}
    (tmp_path / "mlflow.json").write_text(json.dumps(former))
    record = read_record(tmp_path)
    assert record is not None
    assert (record.state, record.status, record.parent) == (State.INTERRUPTED, "KILLED", "..")


def test_the_metrics_of_a_former_record_get_their_present_names(tmp_path: Path) -> None:
    former = {"schema_version": 1, "metrics": {"best_val_accuracy": 0.5, "test_loss": 0.25}}
    (tmp_path / "mlflow.json").write_text(json.dumps(former))
    record = read_record(tmp_path)
    assert record is not None
    assert record.metrics == {"val_best/accuracy": 0.5, "test/loss": 0.25}


def test_a_record_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mlflow.json").write_text(json.dumps({"schema_version": 3}))
    with pytest.raises(UserError, match="newer version of astroclf"):
        read_record(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"run_id": 3}', '{"parameters": {"a": []}}'])
def test_a_damaged_record_is_reported_with_its_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    (tmp_path / "mlflow.json").write_text(content)
    assert read_record(tmp_path) is None
    (message,) = caplog.messages
    assert message.startswith(f"{tmp_path / 'mlflow.json'} cannot be read (")
    assert "\n" not in message


def test_only_epochs_and_device_may_change_on_a_resume() -> None:
    record = Record(parameters={"seed": "1", "trainer.epochs": "2", "tracking.uri": "a"})
    assert record.is_same_run({"seed": "1", "trainer.epochs": "9", "trainer.device": "cuda"})
    assert not record.is_same_run({"seed": "2", "trainer.epochs": "2"})


def test_epochs_are_read_from_the_history(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text(
        "epoch,train_loss,val_f1,time_s\n1,0.5,,2\n2,nan,0.25,3\n"
    )
    first, second = read_epochs(tmp_path, start_ms=1000)
    assert (first.step, first.time_ms, first.metrics) == (
        1,
        3000,
        {"train/loss": 0.5, "system/time_s": 2},
    )
    assert (second.step, second.time_ms) == (2, 6000)
    assert second.metrics == {"val/f1": 0.25, "system/time_s": 3}
    assert read_epochs(tmp_path / "missing", 0) == []


def test_nested_settings_are_flat() -> None:
    nested = {"seed": 1, "model": {"widths": (4, 8), "options": {}, "deep": {"er": None}}}
    assert dict(flatten(nested)) == {
        "seed": 1,
        "model.widths": (4, 8),
        "model.options": {},
        "model.deep.er": None,
    }


def test_parameters_are_redacted_text() -> None:
    assert flat_parameters({"tracking": {"uri": "http://a:b@c"}, "widths": (4, 8)}) == {
        "tracking.uri": "http://***@c",
        "widths": "(4, 8)",
    }
    assert storable("caf\udce9") == "caf\\udce9"
    assert finite({"a": 1, "b": math.nan, "c": None}) == {"a": 1.0}
