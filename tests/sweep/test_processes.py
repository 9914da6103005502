from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from astroclf.sweep.processes import is_alive, register_worker

HOST = socket.gethostname()

SIT = """
import sys, time
from pathlib import Path
from astroclf.sweep.processes import register_worker
with register_worker(Path(sys.argv[1])) as worker:
    print(worker, flush=True)
    time.sleep(600)
"""


def test_each_process_has_a_worker_id_of_its_own(tmp_path: Path) -> None:
    with register_worker(tmp_path) as first, register_worker(tmp_path) as second:
        assert first != second
        assert all(worker.startswith(f"{HOST}:") for worker in (first, second))
        assert is_alive(first) is True
        assert is_alive(second) is True


def test_a_worker_id_is_released_and_never_reused(tmp_path: Path) -> None:
    with register_worker(tmp_path) as worker:
        pass
    assert is_alive(worker) is False
    with register_worker(tmp_path) as another:
        assert another != worker
        assert is_alive(worker) is False


def test_a_worker_id_is_released_after_an_error(tmp_path: Path) -> None:
    def fail() -> None:
        with register_worker(tmp_path) as worker:
            workers.append(worker)
            raise RuntimeError

    workers: list[str] = []
    with pytest.raises(RuntimeError):
        fail()
    assert is_alive(workers[0]) is False


def test_workers_of_another_machine_are_unknown() -> None:
    assert is_alive("another.machine:/tmp/its.lock") is None


def test_a_killed_worker_is_not_alive(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SIT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        worker = process.stdout.readline().strip()
        assert worker.startswith(f"{HOST}:")
        assert is_alive(worker) is True
    finally:
        process.kill()
        process.communicate()
    assert is_alive(worker) is False


def test_lock_files_of_killed_processes_are_removed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SIT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        killed = process.stdout.readline().strip()
        process.kill()
    assert is_alive(killed) is False
    with register_worker(tmp_path) as alive:
        left = sorted(file.name for file in (tmp_path / "processes").glob("*.lock"))
        assert left == [Path(alive.partition(":")[2]).name]
        assert is_alive(alive) is True
    assert is_alive(killed) is False
