"""A PostgreSQL of its own, as the storage of a study on which two processes work."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import RDBStorage

pytestmark = pytest.mark.slow

DRIVERS = ("psycopg", "psycopg2")
PASSWORD = "a1secret9word"


def find_program(name: str) -> str:
    """Debian keeps PostgreSQL's own programs out of the path."""
    places = [str(place) for place in Path("/usr/lib/postgresql").glob("*/bin")]
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(places))
    return found or pytest.skip(f"no PostgreSQL: {name} is not installed")


def unprivileged() -> dict[str, Any]:
    """Return the user and groups of the server process, since PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = "postgres" if "postgres" in names else "nobody"
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def address() -> Iterator[str]:
    """The address of an empty database."""
    driver = next((name for name in DRIVERS if importlib.util.find_spec(name)), None)
    if driver is None:
        pytest.skip("no driver: pip install .[postgres]")
    who, port = unprivileged(), free_port()
    # Not below pytest's folders, which nobody but their owner may enter.
    with tempfile.TemporaryDirectory(prefix="postgres-") as place:
        data, password = Path(place, "data"), Path(place, "password")
        password.write_text(PASSWORD)
        if who:
            for path in (place, password):
                shutil.chown(path, who["user"], who["group"])
        initdb = [find_program("initdb"), "-D", data, "-U", "sky", f"--pwfile={password}"]
        subprocess.run([*initdb, "-A", "scram-sha-256"], check=True, capture_output=True, **who)
        control = [find_program("pg_ctl"), "-D", data, "-w"]
        options = f"-p {port} -k {place} -c listen_addresses=127.0.0.1"
        log = ["-l", Path(place, "log")]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([*control, *log, "-o", options, "start"], check=True, **quiet, **who)
        try:
            yield f"postgresql+{driver}://sky:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, **quiet, **who)


def read_states(address: str) -> list[str]:
    database = RDBStorage(address)
    study = optuna.load_study(study_name="study", storage=database)
    states = [trial.state.name for trial in study.trials]
    database.remove_session()
    database.engine.dispose()
    return states


def test_two_processes_share_a_study_in_postgresql(sweep: Any, address: str) -> None:
    storage = "hydra.sweeper.storage=${oc.env:OPTUNA_STORAGE}"
    environment = {"OPTUNA_STORAGE": address}
    processes = [
        sweep.start(storage, "search=full", n_trials=6, environment=environment) for _ in range(2)
    ]
    output = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], output
    states = read_states(address)
    assert set(states) <= {"COMPLETE", "PRUNED"}
    assert 6 <= len(states) <= 7
    assert len(sweep.rows) == len(states)
    files = [path for path in sweep.root.rglob("*") if path.is_file()]
    assert len(files) > 6 * 4
    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []
    assert not any(PASSWORD in text for text in output)
