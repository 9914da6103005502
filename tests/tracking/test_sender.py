from __future__ import annotations

import threading
import time

import pytest

from astroclf.tracking.faults import TrackingError
from astroclf.tracking.sender import OUTAGES, Patience, Sender

QUICK = Patience(wait_s=3.0, last_pause_s=0.01, first_pause_s=0.01, longest_pause_s=0.02)
IMPATIENT = Patience(wait_s=0.2, last_pause_s=0.01, first_pause_s=0.01, longest_pause_s=0.02)


class Server:
    """Send function that fails `failures` times and counts its calls."""

    def __init__(self, failures: float = 0, error: Exception | None = None) -> None:
        self.failures = failures
        self.error = error or OSError("away")
        self.calls = 0
        self.reported: list[Exception] = []

    def send(self) -> None:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error

    def sender(self, patience: Patience = QUICK, store: str = "http://host") -> Sender:
        return Sender(store, self.send, self.reported.append, patience)


def test_changes_are_sent_and_the_end_is_waited_for() -> None:
    server = Server()
    sender = server.sender()
    sender.wake()
    assert sender.wait()
    sender.wake()
    assert sender.finish()
    assert server.calls >= 2
    assert server.reported == []


def test_a_server_that_has_answered_is_tried_again_until_it_answers() -> None:
    server = Server(failures=6)
    sender = server.sender()
    sender.has_answered = True
    sender.wake()
    assert sender.finish()
    assert server.calls == 7
    assert len(server.reported) == 6


def test_failed_requests_are_repeated_during_the_run() -> None:
    server = Server(failures=4)
    sender = server.sender()
    sender.wake()
    deadline_s = time.monotonic() + 5
    while server.calls < 5 and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert sender.finish()
    assert server.calls == 5


def test_a_server_that_never_answered_gets_one_attempt_after_the_end() -> None:
    server = Server(failures=10**6)
    sender = server.sender(Patience(wait_s=60, first_pause_s=60, last_pause_s=60))
    sender.wake()
    assert not sender.wait()
    start_s = time.monotonic()
    assert not sender.finish()
    assert time.monotonic() - start_s < 5
    assert server.calls == 2


def test_a_server_that_hangs_is_waited_for_no_longer_than_the_limit() -> None:
    release = threading.Event()
    sender = Sender("http://host", lambda: release.wait(20) and None, print, IMPATIENT)
    sender.has_answered = True
    sender.wake()
    start_s = time.monotonic()
    assert not sender.finish()
    assert time.monotonic() - start_s < 5
    release.set()


def test_a_permanent_failure_is_not_tried_again() -> None:
    server = Server(failures=10**6, error=TrackingError("deleted"))
    sender = server.sender()
    sender.has_answered = True
    sender.wake()
    assert not sender.finish()
    assert server.calls == 1


def test_runs_of_a_search_do_not_wait_during_an_outage() -> None:
    slow = Patience(wait_s=60, first_pause_s=60)
    first = Server(failures=10**6)
    sender = first.sender(slow)
    sender.wake()
    sender.wait()
    second = Server(failures=10**6)
    for _ in range(3):
        sender = second.sender(slow)
        sender.wake()
        assert not sender.finish(is_patient=False)
    assert second.calls == 0
    elsewhere = Server()
    sender = elsewhere.sender(slow, store="http://another")
    sender.wake()
    assert sender.finish(is_patient=False)


def test_pauses_double_up_to_the_longest_and_an_answer_ends_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    patience = Patience(first_pause_s=1, longest_pause_s=5)
    pauses = []
    for _ in range(5):
        OUTAGES.note_failure("a", patience)
        pauses.append(OUTAGES.pause_s("a"))
    assert pauses == [1, 2, 4, 5, 5]
    assert OUTAGES.is_away("a")
    assert OUTAGES.pause_s("b") == 0
    OUTAGES.note_answer("a")
    assert not OUTAGES.is_away("a")


def test_waiting_can_be_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> bool:
        raise KeyboardInterrupt

    sender = Server().sender()
    monkeypatch.setattr(sender._changed, "wait_for", interrupt)
    with pytest.raises(KeyboardInterrupt):
        sender.finish()
