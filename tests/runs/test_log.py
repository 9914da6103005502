from __future__ import annotations

import errno
import logging
from pathlib import Path

import pytest

from astroclf.runs.log import LogFile


class FullDisk:
    """A stream that cannot be written."""

    def write(self, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self) -> None: ...


def test_full_disk_loses_lines_with_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = LogFile(tmp_path / "run.log")
    handler.stream.close()
    handler.stream = FullDisk()  # type: ignore[assignment]
    for _ in range(3):
        handler.handle(logging.makeLogRecord({"msg": "epoch 1"}))
    assert capsys.readouterr().err.count("run.log cannot be written") == 1


def test_lines_are_written(tmp_path: Path) -> None:
    handler = LogFile(tmp_path / "run.log")
    handler.handle(logging.makeLogRecord({"msg": "epoch 1"}))
    handler.close()
    assert (tmp_path / "run.log").read_text() == "epoch 1\n"
