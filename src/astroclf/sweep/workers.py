"""End of launcher workers, such as those of joblib, with their parent process."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import threading
import time

CHECK_S, GRACE_S = 1.0, 10.0  # between two checks, and for a training to stop after its step


@functools.cache
def end_with_parent() -> None:
    """Watch the parent process in a thread, if this is a worker process.

    Once the parent has ended, by a kill too, the worker gets SIGTERM, which ends a training after its
    step, and exits after the grace period at the latest.
    """
    if multiprocessing.current_process().name == "MainProcess":
        return
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(CHECK_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(128 + signal.SIGTERM)
