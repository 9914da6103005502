"""Worker processes end with their parent, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PARENT = """
import multiprocessing, time

def work(connection):
    import os, signal, sys
    from astroclf.sweep.workers import end_with_parent
    if {is_training}:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as if its step took for ever
        import astroclf.sweep.workers
        astroclf.sweep.workers.GRACE_S = 0.2
    end_with_parent()
    connection.send(os.getpid())
    time.sleep(60)

if __name__ == "__main__":
    ours, theirs = multiprocessing.Pipe()
    multiprocessing.get_context("spawn").Process(target=work, args=(theirs,)).start()
    print(ours.recv(), flush=True)
    time.sleep(60)
"""


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("is_training", [False, True])
def test_a_worker_ends_with_a_parent_that_was_killed(tmp_path: Path, is_training: bool) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(is_training=is_training))
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert is_running(worker)
        parent.kill()
    deadline = time.monotonic() + 20
    while is_running(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    try:
        assert not is_running(worker)
    finally:
        if is_running(worker):
            os.kill(worker, signal.SIGKILL)
