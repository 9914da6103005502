"""File locks that name their holder."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from astroclf import locks
from astroclf.locks import describe_holder, locked


def test_a_wait_is_logged_with_the_process_that_holds_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(locks, "SILENT_S", 0.05)
    file = tmp_path / "entry.lock"
    is_held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(file, "for nothing"):
            is_held.set()
            may_end.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    is_held.wait(10)

    class Release(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            may_end.set()

    locks.log.addHandler(release := Release())
    try:
        with locked(file, "for the cache entry simulated-1"):
            holder.join()
    finally:
        locks.log.removeHandler(release)
    assert caplog.messages == [
        f"waiting for the cache entry simulated-1: process {os.getpid()} holds {file}"
    ]


def test_a_free_lock_is_taken_without_a_log_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        with locked(tmp_path / "entry.lock", "for nothing"):
            pass
    assert not caplog.messages


def test_an_unwritable_lock_raises_oserror(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(FileExistsError), locked(tmp_path / "taken" / "a.lock", "for nothing"):
        pass


@pytest.mark.parametrize("content", ["", "torn", "\0\0"])
def test_a_lock_without_a_record_has_an_unnamed_holder(tmp_path: Path, content: str) -> None:
    (tmp_path / "entry.lock").write_text(content)
    assert describe_holder(tmp_path / "entry.lock") == "another process"


def test_the_holder_on_another_machine_is_named_with_it(tmp_path: Path) -> None:
    (tmp_path / "entry.lock").write_text("4711 elsewhere\n")
    assert describe_holder(tmp_path / "entry.lock") == "process 4711 on elsewhere"


def test_a_suspended_holder_is_called_suspended(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        try:
            process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
            file = tmp_path / "entry.lock"
            file.write_text(f"{process.pid} {socket.gethostname()}\n")
            is_linux = sys.platform == "linux"  # elsewhere no file shows the state of a process
            assert ("suspended (kill -CONT" in describe_holder(file)) == is_linux
        finally:
            process.kill()
