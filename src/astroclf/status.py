"""Progress of long work: a bar on a terminal, periodic lines in a pipe or a log file."""

from __future__ import annotations

import logging
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

log = logging.getLogger(__name__)
package = logging.getLogger("astroclf")

BAR_S = 0.3  # between two states of a bar, and before the first
# The silence before a line in a pipe grows with the age of the process, between these limits, to
# keep long logs short.
SHORTEST_S, LONGEST_S, SHARE = 2.0, 60.0, 1 / 40

_start_s = time.monotonic()
_active: list[Status] = []  # the innermost one is shown
_drawing = threading.RLock()


@contextmanager
def status(
    title: str, total: int | None = None, unit: str = "step", done: int = 0
) -> Iterator[Status]:
    """Show the progress of a block, or of a decorated function.

    total: number of steps, for the remaining time; None if it is unknown. done: number of steps
    before this block.

    On a terminal a bar is shown on stderr and removed at the end. Elsewhere a line is logged
    whenever the log has been silent for two seconds.
    """
    if logging.getLogger().handlers and _clock not in package.handlers:
        _clock.last_s = time.monotonic()  # the line before this block has just been written
        package.addHandler(_clock)
    shown = Status(title, total, unit, done)
    _active.append(shown)
    try:
        shown.start()
        yield shown
    finally:
        shown.stop()
        _active.remove(shown)


class Status:
    """Progress of one block, shown by a thread."""

    def __init__(self, title: str, total: int | None, unit: str, done: int) -> None:
        self.title = title
        self.total = total
        self.unit = unit
        self.first = self.done = done
        self.note = ""
        self.start_s = time.monotonic()
        self.bar: Any = None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._show_until_end, daemon=True)

    def update(self, steps: int = 1, note: str | None = None) -> None:
        """Add completed steps; a note, such as the loss, is shown beside them."""
        self.done += steps
        if note is not None:
            self.note = note

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.ended.set()
        if self.thread.is_alive():  # not if a signal came during its start: it then ends by itself
            self.thread.join()
        with _drawing:
            self.remove_bar()

    def remove_bar(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def line(self) -> str:
        """Return the state in one line, without a bar."""
        elapsed_s = time.monotonic() - self.start_s
        taken = self.done - self.first
        parts = []
        if self.total is None:
            parts.append(f"{duration(elapsed_s)} so far")
        else:
            parts.append(f"{self.unit} {self.done} of {self.total}")
            if taken > 0:
                parts.append(f"{duration(elapsed_s / taken * (self.total - self.done))} left")
        if self.note:
            parts.append(self.note)
        return f"{self.title}: {', '.join(parts)}"

    def show(self) -> None:
        """Write the state, unless that of a nested block is shown."""
        with _drawing:
            if _active[-1:] != [self]:
                return
            if is_terminal():
                self._draw()
            else:
                log.info(self.line())

    def _draw(self) -> None:
        for outer in _active[:-1]:
            outer.remove_bar()
        if self.bar is None:
            self.bar = _make_bar(self)
            self.bar.start_t -= time.monotonic() - self.start_s
        self.bar.n = self.done
        self.bar.set_postfix_str(self.note, refresh=False)
        self.bar.refresh()

    def _show_until_end(self) -> None:
        while not self.ended.wait(BAR_S if is_terminal() else max(_silence_left_s(), 0.05)):
            if is_terminal() or _silence_left_s() <= 0:
                self.show()


def is_terminal() -> bool:
    """Return whether stderr is shown on a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


def duration(seconds: float) -> str:
    """Return a time such as 40 s, 12 min or 3.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _silence_left_s() -> float:
    """Return the remaining silence of the log; negative if a line is due."""
    now_s = time.monotonic()
    silence_s = min(max((now_s - _start_s) * SHARE, SHORTEST_S), LONGEST_S)
    return _clock.last_s + silence_s - now_s


class LogClock(logging.Handler):
    """Handler that notes the time of each log record, and removes bars before it is written."""

    def __init__(self) -> None:
        super().__init__()
        self.last_s = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        self.last_s = time.monotonic()
        with _drawing:
            for shown in _active:
                shown.remove_bar()


_clock = LogClock()


def _make_bar(shown: Status) -> Any:
    from tqdm import tqdm

    size = shutil.get_terminal_size()  # tqdm would show nothing where the size is unknown
    return tqdm(
        total=shown.total,
        desc=shown.title,
        unit=shown.unit,
        initial=shown.first,
        leave=False,
        ncols=size.columns - 1,
        nrows=size.lines,
        # Without a total there is no count.
        bar_format="{desc}: {elapsed}" if shown.total is None else None,
    )
