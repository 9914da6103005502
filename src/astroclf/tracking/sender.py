"""Background thread that sends a run to MLflow, with retries, and the outages of servers."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from astroclf.status import status
from astroclf.tracking.faults import TrackingError


@dataclass(frozen=True)
class Patience:
    """Waits and pauses while MLflow does not answer.

    wait_s: at the end of a run. interrupted_wait_s: at the end of one that a signal stopped.
    last_pause_s: between attempts then. first_pause_s, longest_pause_s: between attempts while the
    run trains; each pause is twice as long as the one before.
    """

    wait_s: float = 30.0
    interrupted_wait_s: float = 10.0
    last_pause_s: float = 2.0
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0


@dataclass
class Outage:
    """Failed attempts to reach a server, and when the next one is due."""

    failures: int = 0
    next_s: float = 0.0


class Outages:
    """Servers that did not answer the last request of this process, shared by its runs."""

    def __init__(self) -> None:
        self._outages: dict[str, Outage] = {}
        self._lock = threading.Lock()

    def note_failure(self, store: str, patience: Patience) -> None:
        """Defer the next attempt, twice as long as the last time."""
        with self._lock:
            outage = self._outages.setdefault(store, Outage())
            pause_s = min(patience.first_pause_s * 2**outage.failures, patience.longest_pause_s)
            outage.failures = min(outage.failures + 1, 30)
            outage.next_s = time.monotonic() + pause_s

    def note_answer(self, store: str) -> None:
        with self._lock:
            self._outages.pop(store, None)

    def is_away(self, store: str) -> bool:
        with self._lock:
            return store in self._outages

    def pause_s(self, store: str) -> float:
        """Return the pause before the next attempt, 0 for a server without an outage."""
        with self._lock:
            outage = self._outages.get(store)
            return 0.0 if outage is None else max(0.0, outage.next_s - time.monotonic())


OUTAGES = Outages()


class Sender:
    """Calls `send` in a thread of its own whenever something changed, until it succeeds.

    store: identity of the server, see `store_identity`. send: sends all that the server lacks, or
    raises. on_failure: is called with the error of each failed attempt.

    has_answered: whether the server has answered this run before, so that waiting for it is
    worthwhile; set by the first attempt that succeeds, or by `send`.
    """

    def __init__(
        self,
        store: str,
        send: Callable[[], None],
        on_failure: Callable[[Exception], None],
        patience: Patience,
    ) -> None:
        self.store = store
        self.patience = patience
        self.has_answered = False
        self.error: Exception | None = None  # of the last attempt
        self._send = send
        self._on_failure = on_failure
        self._changed = threading.Condition()
        self._wanted = self._sent = self._attempts = 0
        self._is_ending = self._is_given_up = False
        self._last_failure_s = -math.inf  # after the end of the run
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Request an attempt, without waiting for it."""
        with self._changed:
            self._wanted += 1
            if self._thread is None:
                # A daemon, so that a server that hangs does not keep the process alive.
                self._thread = threading.Thread(target=self._work, name="mlflow", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def wait(self) -> bool:
        """Return whether all was sent, once it was or an attempt has failed."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_sent or self.error is not None, self.patience.wait_s
            )
            return self._is_sent

    @status("sending the run to MLflow")
    def finish(self, wait_s: float | None = None, *, is_patient: bool = True) -> bool:
        """Send the rest and end the thread; returns whether all was sent.

        A server that has answered this run is tried again for wait_s, by default the patience's; one
        that never has gets one more attempt, or none during an outage if `is_patient` is false.
        """
        with self._changed:
            self._is_ending = True
            self._is_given_up |= not is_patient and OUTAGES.is_away(self.store)
            before = self._attempts
            self._changed.notify_all()

            def is_over() -> bool:
                is_hopeless = self._attempts > before and not self.has_answered
                return self._is_sent or self._is_given_up or is_hopeless

            self._changed.wait_for(is_over, self.patience.wait_s if wait_s is None else wait_s)
            self._is_given_up = True
            self._changed.notify_all()
            return self._is_sent

    @property
    def _is_sent(self) -> bool:
        return self._sent == self._wanted

    def _work(self) -> None:
        while (aim := self._next_aim()) is not None:
            error = self._attempt()
            with self._changed:
                self._attempts += 1
                self.error = error
                if error is None:
                    self._sent, self.has_answered = aim, True
                elif self._is_ending:
                    self._last_failure_s = time.monotonic()
                if isinstance(error, TrackingError) and error.is_permanent:
                    self._is_given_up = True
                self._changed.notify_all()

    def _next_aim(self) -> int | None:
        """Wait until an attempt is due; return the number of changes to send, None at the end."""
        with self._changed:
            while not self._is_given_up:
                if self._is_sent and self._is_ending:
                    return None
                pause_s = self._pause_s()
                if not self._is_sent and pause_s <= 0:
                    return self._wanted
                self._changed.wait(None if self._is_sent else pause_s)
            return None

    def _pause_s(self) -> float:
        if not self._is_ending:
            return OUTAGES.pause_s(self.store)
        return self._last_failure_s + self.patience.last_pause_s - time.monotonic()

    def _attempt(self) -> Exception | None:
        try:
            self._send()
        except Exception as error:
            self._on_failure(
                error
            )  # before the outage is noted, so that only a new one is reported
            OUTAGES.note_failure(self.store, self.patience)
            return error
        OUTAGES.note_answer(self.store)
        return None
