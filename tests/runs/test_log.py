from __future__ import annotations

import logging
import os
import signal

import pytest

from astroclf.interruption import handle_signals
from astroclf.runs.log import Console


def test_a_console_without_a_reader_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[bool] = []
    monkeypatch.setattr("astroclf.runs.log.leave_pipe", lambda: left.append(True))
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "wb", buffering=0)

    class Text:
        def write(self, text: str) -> None:
            stream.write(text.encode())

        def flush(self) -> None: ...

    with handle_signals() as request, stream:
        assert request.signal_number is None
        Console(Text()).handle(logging.makeLogRecord({"msg": "epoch 1"}))
    assert (left, request.signal_number) == ([True], signal.SIGPIPE)
