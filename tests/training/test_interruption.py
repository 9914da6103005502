from __future__ import annotations

import os
import signal
import threading

import pytest

from astroclf.errors import Interrupted
from astroclf.training.interruption import heed_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_noted(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with heed_signals() as stop:
        stop.raise_if_made()
        os.kill(os.getpid(), number)
        assert stop.signal_number == number
        with pytest.raises(Interrupted, match=number.name) as caught:
            stop.raise_if_made()
        assert caught.value.signal_number == number
    assert signal.getsignal(number) is before


def test_a_second_signal_does_what_it_always_does() -> None:
    with heed_signals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.signal_number == signal.SIGTERM
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_handlers_come_back_after_an_error() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def fail() -> None:
        with heed_signals():
            assert signal.getsignal(signal.SIGTERM) is not before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_thread_leaves_signals_alone() -> None:
    seen = []

    def work() -> None:
        with heed_signals() as stop:
            seen.append((stop.signal_number, signal.getsignal(signal.SIGTERM)))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(None, before)]
