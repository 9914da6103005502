"""Status of long work."""

from __future__ import annotations

import io
import logging
import signal
import sys
import threading
import time

import pytest

from astroclf import status as module
from astroclf.errors import Interrupted
from astroclf.status import LogClock, Status, duration, status


class Lines(logging.Handler):
    """Collects the lines of the log, and sets an event at each."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.came = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self.came.set()


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Lines:
    """The lines of a pipe, in which no silence is allowed."""
    monkeypatch.setattr(module, "is_terminal", lambda: False)
    monkeypatch.setattr(module, "_silence_left_s", lambda: 0.0)
    caplog.set_level(logging.INFO)
    handler = Lines()
    monkeypatch.setattr(module.log, "handlers", [handler])
    return handler


def test_work_that_reports_nothing_is_shown_with_its_time(lines: Lines) -> None:
    with status("importing PyTorch"):
        assert lines.came.wait(10)
    assert lines.lines[0] == "importing PyTorch: 0 s so far"


def test_short_work_writes_nothing(monkeypatch: pytest.MonkeyPatch, lines: Lines) -> None:
    monkeypatch.setattr(module, "_silence_left_s", lambda: 60.0)
    with status("validating"):
        pass
    assert not lines.lines


def test_silence_is_counted_from_the_first_status(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = LogClock()
    clock.last_s -= 3600
    monkeypatch.setattr(module, "_clock", clock)
    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.NullHandler()])
    try:
        with status("importing PyTorch"):
            assert module._silence_left_s() > 0
    finally:
        module.package.removeHandler(clock)


def test_steps_are_shown_with_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Status("epoch 3/10", total=40, unit="step", done=5)
    monkeypatch.setattr(time, "monotonic", lambda: shown.start_s + 20)
    assert shown.line() == "epoch 3/10: step 5 of 40"
    shown.update(10, note="loss 0.5")
    assert shown.line() == "epoch 3/10: step 15 of 40, 50 s left, loss 0.5"


def test_only_the_innermost_work_is_shown(lines: Lines) -> None:
    with status("preparing the data"), status("reading files", total=2):
        assert lines.came.wait(10)
        time.sleep(0.05)
    assert {line.split(":")[0] for line in lines.lines} == {"reading files"}


def test_an_error_ends_the_status(lines: Lines) -> None:
    with pytest.raises(ValueError, match="broken"), status("reading files") as shown:
        raise ValueError("broken")
    assert not shown.thread.is_alive()
    assert not module._active


def watch_terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return the text written to a terminal, with bars drawn on request only."""
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(module, "is_terminal", lambda: True)
    monkeypatch.setattr(module, "BAR_S", 60.0)
    return terminal


def test_a_terminal_has_a_bar_that_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch_terminal(monkeypatch)
    with status("epoch 1/2", total=4) as shown:
        assert not terminal.getvalue(), "short work shows no bar"
        shown.update(note="loss 0.5")
        shown.show()
    *_, bar, removed = terminal.getvalue().rstrip("\r").split("\r")
    assert bar.startswith("epoch 1/2:  25%")
    assert "1/4" in bar
    assert "loss 0.5" in bar
    assert not removed.strip()


def test_work_without_steps_has_a_clock_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch_terminal(monkeypatch)
    with status("importing PyTorch") as shown:
        shown.show()
        shown.show()
    assert terminal.getvalue().count("importing PyTorch: 00:00") >= 2


def test_a_line_of_the_log_begins_where_the_bar_was(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch_terminal(monkeypatch)
    with status("preparing the training") as shown:
        shown.show()
        logging.getLogger("astroclf.training").warning("measuring")
        assert shown.bar is None
        assert terminal.getvalue().endswith("\r")
    module.package.removeHandler(module._clock)


def test_a_terminal_shows_one_bar_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watch_terminal(monkeypatch)
    with status("loading the data") as outer:
        outer.show()
        with status("reading files", total=2) as inner:
            inner.show()
            assert outer.bar is None
        outer.show()
        assert outer.bar is not None
    assert "\n" not in terminal.getvalue()


@pytest.mark.parametrize(
    ("age_s", "silence_s"), [(0, 2.0), (60, 2.0), (400, 10.0), (100_000, 60.0)]
)
def test_the_log_may_be_silent_for_longer_as_the_run_grows(
    monkeypatch: pytest.MonkeyPatch, age_s: float, silence_s: float
) -> None:
    now_s = module._start_s + age_s
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    monkeypatch.setattr(module._clock, "last_s", now_s - 0.5)
    assert module._silence_left_s() == pytest.approx(silence_s - 0.5)


def test_any_record_of_the_program_ends_a_silence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with status("writing the results"):
        monkeypatch.setattr(module._clock, "last_s", -1e9)
        logging.getLogger("astroclf.tasks.train").info("epoch 1/2")
        assert module._silence_left_s() > 0
    module.package.removeHandler(module._clock)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (5400, "1.5 h")]
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_function_can_be_decorated(lines: Lines) -> None:
    @status("fitting")
    def fit(number: int) -> int:
        assert lines.came.wait(10)
        lines.came.clear()
        return number

    assert [fit(1), fit(2)] == [1, 2]
    assert lines.lines[0] == "fitting: 0 s so far"


def test_a_signal_while_the_status_starts_is_raised_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(thread: threading.Thread) -> None:
        raise Interrupted(signal.SIGTERM)

    monkeypatch.setattr(threading.Thread, "start", interrupt)
    with pytest.raises(Interrupted), status("loading the data"):
        raise AssertionError
