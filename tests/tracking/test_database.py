from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from astroclf.tracking import database
from astroclf.tracking.database import prepare_database
from astroclf.tracking.faults import TrackingError


@pytest.fixture
def quick_tables(monkeypatch: pytest.MonkeyPatch, empty_database: Path) -> list[Path]:
    """Copy a database that was made before, where one is to be created; returns what was made."""
    made: list[Path] = []

    def copy(file: Path) -> None:
        draft = file.with_suffix(".draft")
        draft.write_bytes(empty_database.read_bytes())
        draft.replace(file)
        made.append(file)

    monkeypatch.setattr(database, "create_database", copy)
    monkeypatch.setattr(database, "_create_default_experiment", lambda file: None)
    return made


def test_a_created_database_is_complete_and_the_only_file(empty_database: Path) -> None:
    from mlflow import MlflowClient

    names = {path.name for path in empty_database.parent.iterdir()}
    assert names <= {"mlflow.db", "mlflow.db.lock"}
    client = MlflowClient(f"sqlite:///{empty_database}")
    assert [each.name for each in client.search_experiments()] == ["Default"]


def test_an_existing_database_is_kept(tmp_path: Path, quick_tables: list[Path]) -> None:
    file = tmp_path / "new" / "mlflow.db"
    for _ in range(2):
        prepare_database(file)
    assert quick_tables == [file]


def test_a_kill_while_the_tables_are_made_leaves_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow.store.db.utils

    def stop(engine: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mlflow.store.db.utils, "_upgrade_db", stop)
    with pytest.raises(KeyboardInterrupt):
        prepare_database(tmp_path / "mlflow.db")
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db.lock"]


@pytest.mark.parametrize("state", ["empty", "no revision", "old revision"])
def test_an_incomplete_database_is_renamed(
    tmp_path: Path,
    empty_database: Path,
    quick_tables: list[Path],
    caplog: pytest.LogCaptureFixture,
    state: str,
) -> None:
    file = tmp_path / "mlflow.db"
    file.write_bytes(b"" if state == "empty" else empty_database.read_bytes())
    with sqlite3.connect(file) as tables:
        if state == "no revision":
            tables.execute("DELETE FROM alembic_version")
        if state == "old revision":
            tables.execute("UPDATE alembic_version SET version_num = 'abc'")
    before = file.read_bytes()
    (tmp_path / "mlflow.db.incomplete-1").write_text("from an earlier kill")
    prepare_database(file)
    assert quick_tables == [file]
    assert (tmp_path / "mlflow.db.incomplete-2").read_bytes() == before
    (warning,) = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert "mlflow.db.incomplete-2" in warning


def test_a_database_with_runs_is_never_renamed(
    tmp_path: Path, empty_database: Path, quick_tables: list[Path]
) -> None:
    file = tmp_path / "mlflow.db"
    file.write_bytes(empty_database.read_bytes())
    with sqlite3.connect(file) as tables:
        tables.execute("INSERT INTO runs (run_uuid, experiment_id) VALUES ('a', 0)")
        tables.execute("UPDATE alembic_version SET version_num = 'abc'")
    prepare_database(file)
    assert quick_tables == []
    assert len(list(tmp_path.iterdir())) == 1


def test_an_unusable_file_is_reported_in_one_sentence(tmp_path: Path, empty_database: Path) -> None:
    folder = tmp_path / "folder.db"
    folder.mkdir()
    text = tmp_path / "text.db"
    text.write_text("no database " * 100)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as tables:
        tables.execute("CREATE TABLE trials (number INTEGER)")
    for file, message in (
        (folder, "cannot be used"),
        (text, "cannot be used"),
        (other, "is a database of another program"),
        (text / "below.db", "cannot be created"),
    ):
        with pytest.raises(TrackingError, match=message) as refused:
            prepare_database(file)
        assert str(file) in str(refused.value)


def test_a_locked_database_is_named(
    tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_WAIT_S", 0.05)
    file = tmp_path / "mlflow.db"
    file.write_bytes(empty_database.read_bytes())
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TrackingError, match="is locked by another program") as refused:
            prepare_database(file)
        other.execute("ROLLBACK")
    assert not refused.value.is_permanent


def test_threads_that_create_it_at_once_create_it_once(
    tmp_path: Path, quick_tables: list[Path]
) -> None:
    file = tmp_path / "mlflow.db"
    threads = [threading.Thread(target=prepare_database, args=(file,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert quick_tables == [file]


CREATE = """
import sys
from pathlib import Path
from astroclf.settings.sections import Mlflow
from astroclf.tracking.tracker import MlflowTracker
folder = Path(sys.argv[1])
folder.mkdir()
tracker = MlflowTracker(Mlflow(name="mlflow", uri=None, experiment=None, run_name=None), folder)
tracker.start("name", {}, {})
tracker.end()
print(tracker.record.is_sent)
"""


@pytest.mark.slow
def test_two_processes_may_create_it_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", CREATE, f"run{number}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    assert [process.communicate()[0].strip() for process in processes] == ["True", "True"]
