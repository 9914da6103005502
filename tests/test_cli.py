from __future__ import annotations

import signal
import sys

import pytest

from astroclf import app, cli
from astroclf.errors import Interrupted


def test_main_passes_the_arguments_and_returns_the_exit_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[list[str]] = []

    def start(arguments: list[str]) -> int:
        given.append(arguments)
        return 2

    monkeypatch.setattr(app, "start", start)
    monkeypatch.setattr(sys, "argv", ["astroclf", "seed=1"])
    assert cli.main() == 2
    assert given == [["seed=1"]]


def test_an_interrupt_is_128_plus_the_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: list[str]) -> int:
        raise Interrupted(signal.SIGTERM)

    monkeypatch.setattr(app, "start", start)
    assert cli.main() == 128 + signal.SIGTERM
