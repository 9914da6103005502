from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from astroclf.errors import Interrupted
from astroclf.interruption import graceful_interrupt, handle_signals, interrupted_while


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_is_deferred(
    number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(number)

    def work() -> None:
        with graceful_interrupt() as stop:
            stop.raise_if_made()
            os.kill(os.getpid(), number)
            assert stop.signal_number == number
            assert f"{number.name}: finishing this step; " in capfd.readouterr().err

    with pytest.raises(Interrupted, match=number.name) as caught:
        work()
    assert caught.value.signal_number == number
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_elsewhere_a_signal_raises_at_once(number: signal.Signals) -> None:
    def work() -> None:
        with handle_signals(), suppress(Exception):  # it is not taken for an error
            os.kill(os.getpid(), number)

    with pytest.raises(Interrupted, match=number.name):
        work()


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [("SIGINT", "SIGINT", -2), ("SIGTERM", "SIGINT", -2), ("SIGHUP", "SIGHUP", 3)],
)
def test_a_second_signal_terminates_at_once(first: str, second: str, code: int) -> None:
    """But for SIGHUP, which a terminal that closes sends more than once."""
    program = f"""
import os, signal
from astroclf.interruption import graceful_interrupt
with graceful_interrupt() as stop:
    os.kill(os.getpid(), signal.{first})
    os.kill(os.getpid(), signal.{second})
    os._exit(3)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True)
    assert ran.returncode == code


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with handle_signals() as request:
            os.kill(os.getpid(), signal.SIGHUP)
            assert request.signal_number is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_interrupt_carries_the_state_of_the_run() -> None:
    with pytest.raises(Interrupted) as caught, interrupted_while("evaluation"):
        raise Interrupted(signal.SIGINT)
    assert caught.value.state == "evaluation"
    with pytest.raises(Interrupted) as caught, interrupted_while("evaluation"):
        raise Interrupted(signal.SIGINT, "epoch 3")
    assert caught.value.state == "epoch 3"


def test_an_interrupt_survives_the_way_from_another_process() -> None:
    sent = pickle.loads(pickle.dumps(Interrupted(signal.SIGTERM, "epoch 3")))
    assert (sent.signal_number, sent.state, str(sent)) == (signal.SIGTERM, "epoch 3", "SIGTERM")


def test_handlers_are_restored_after_an_error() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def fail() -> None:
        with graceful_interrupt():
            assert signal.getsignal(signal.SIGTERM) is not before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_thread_changes_no_signal_handler() -> None:
    seen = []

    def work() -> None:
        with graceful_interrupt() as stop:
            seen.append((stop.signal_number, signal.getsignal(signal.SIGTERM)))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(None, before)]
