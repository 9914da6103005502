"""SIGINT (Ctrl-C), SIGTERM and SIGHUP: one way to stop, wherever the program is.

The first signal raises Interrupted; inside of `graceful_interrupt` it is deferred to the end of the
step. A second signal terminates the process at once.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from astroclf.errors import Interrupted

# SIGHUP comes when the terminal or the connection closes; Windows has none.
SIGNALS = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]


class StopRequest:
    """The first signal that requested a stop, or None."""

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self.is_deferred = False

    def raise_if_made(self) -> None:
        """Raise Interrupted if a signal has come."""
        if self.signal_number is not None:
            raise Interrupted(self.signal_number)

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal: note and announce the first one, terminate on the second one."""
        name = signal.Signals(number).name
        if self.signal_number is not None:
            if name != "SIGHUP":  # a terminal that closes sends it more than once
                signal.signal(number, signal.SIG_DFL)
                os.kill(os.getpid(), number)
            return
        self.signal_number = number
        if name == "SIGHUP":
            leave_terminal()
        doing = "finishing this step" if self.is_deferred else "stopping"
        again = "press Ctrl-C again" if name == "SIGINT" else "send it again"
        announce(f"\n{name}: {doing}; {again} to quit at once.\n")
        if not self.is_deferred:
            raise Interrupted(number)


_current: StopRequest | None = None


@contextmanager
def handle_signals() -> Iterator[StopRequest]:
    """Raise Interrupted at the first signal, and terminate the process at the second one.

    Signals that the process ignored before (as under nohup) stay ignored. Nested uses share the
    request of the outermost one. Only the main thread can handle signals: elsewhere nothing changes.
    """
    global _current
    if threading.current_thread() is not threading.main_thread():
        yield StopRequest()
        return
    if _current is not None:
        yield _current
        return
    _current = StopRequest()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    handled = [number for number in SIGNALS if before[number] != signal.SIG_IGN]
    for number in handled:
        signal.signal(number, _current.receive)
    try:
        yield _current
    finally:
        for number in handled:
            signal.signal(number, before[number])
        _current = None


def run_interruptible(function: Callable[[], int]) -> int:
    """Return the exit code of the function, or 128 + the number of the signal that ended it."""
    with handle_signals():
        try:
            return function()
        except Interrupted as interrupted:
            return 128 + interrupted.signal_number


@contextmanager
def graceful_interrupt() -> Iterator[StopRequest]:
    """Defer the first signal: the block calls `raise_if_made` where it may stop.

    Raises Interrupted at the end if a signal has come and the block did not.
    """
    with handle_signals() as request:
        request.is_deferred = True
        try:
            yield request
        finally:
            request.is_deferred = False
        request.raise_if_made()


@contextmanager
def interrupted_while(state: str) -> Iterator[None]:
    """Set the state of an Interrupted that has none yet, for the message to the user."""
    try:
        yield
    except Interrupted as interrupted:
        interrupted.state = interrupted.state or state
        raise


def announce(text: str) -> None:
    """Write to stderr past Python's buffers, which may be in use when a signal comes."""
    with suppress(OSError):  # closed
        os.write(2, text.encode())


def leave_terminal() -> None:
    """Redirect terminal output to the null device, since writing to a closed terminal fails."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        if os.isatty(descriptor):
            os.dup2(nowhere, descriptor)
    os.close(nowhere)
