"""A folder with MLflow's database, trackers in it, and a server that fails on demand."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from astroclf.settings import sections
from astroclf.tracking.database import prepare_database
from astroclf.tracking.sender import OUTAGES, Patience
from astroclf.tracking.tracker import MlflowTracker

HURRIED = Patience(wait_s=5.0, last_pause_s=0.05, first_pause_s=0.05, longest_pause_s=0.1)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a database of MLflow without runs, once: its tables take seconds."""
    file = tmp_path_factory.mktemp("database") / "mlflow.db"
    prepare_database(file)
    return file


@pytest.fixture
def project(empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a new working directory with a database of MLflow."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(empty_database, folder / "mlflow.db")
    monkeypatch.chdir(folder)
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(autouse=True)
def no_known_outages() -> None:
    OUTAGES._outages.clear()


@pytest.fixture
def follow(project: Path) -> Callable[..., MlflowTracker]:
    """Return follow(uri=None, folder="run"): a tracker of a run in that folder of the project."""

    def begin(
        uri: str | None = None,
        folder: str = "run",
        experiment: str | None = "tests",
        patience: Patience = HURRIED,
        parent: Path | None = None,
    ) -> MlflowTracker:
        own = project / folder
        own.mkdir(parents=True, exist_ok=True)
        wanted = sections.Mlflow(
            name="mlflow",
            uri=uri,
            experiment=experiment,
            run_name=None,
            log_model=False,
            register=None,
            system_metrics=False,
        )
        return MlflowTracker(wanted, own, parent, patience)

    return begin


class FailingServer(ThreadingHTTPServer):
    """Server whose answers have the status and body of `behavior`; None hangs."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behavior: tuple[int, str] | None = (503, "")
        self.requests: list[str] = []

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FailingServer

    def do_GET(self) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.behavior is None:
            time.sleep(30)
            return
        status, body = self.server.behavior
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_POST = do_GET  # noqa: N815 - the name is that of the standard library

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def failing_server() -> Iterator[FailingServer]:
    server = FailingServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def recorded(folder: Path) -> Any:
    """Return the run of a folder from MLflow."""
    from mlflow import MlflowClient

    from astroclf.tracking.addresses import sqlite_uri

    record = json.loads((folder / "mlflow.json").read_text())
    return MlflowClient(sqlite_uri(Path(record["uri"].removeprefix("sqlite:///")))).get_run(
        record["run_id"]
    )


@pytest.fixture(name="recorded")
def recorded_fixture() -> Callable[[Path], Any]:
    """Return recorded(folder): the run of a folder from MLflow."""
    return recorded
