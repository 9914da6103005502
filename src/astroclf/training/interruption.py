"""Ctrl-C and SIGTERM end a training after its step, not in the middle of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from astroclf.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """The first signal to stop, if one has come."""

    def __init__(self) -> None:
        self.signal_number: int | None = None

    def raise_if_made(self) -> None:
        if self.signal_number is not None:
            raise Interrupted(self.signal_number)


@contextmanager
def heed_signals() -> Iterator[StopRequest]:
    """While inside, the first signal is noted, and a second one does what it always does."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request  # only the main thread may say what a signal does
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def note(number: int, frame: FrameType | None) -> None:
        request.signal_number = number
        for each, handler in before.items():
            signal.signal(each, handler)

    for number in SIGNALS:
        signal.signal(number, note)
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
