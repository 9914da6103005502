"""Journal of a study: one checksummed JSON line an event, repaired after a kill or a full disk.

The lines are those of Optuna's `JournalFileBackend` with a `crc32` behind their content, chained
from line to line, so that a line that was altered or is missing is noticed. Optuna itself still
reads the file.
"""

from __future__ import annotations

import json
import logging
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any

from optuna.storages.journal import BaseJournalBackend

from astroclf.errors import UserError
from astroclf.locks import locked

log = logging.getLogger(__name__)

CHECKSUM = re.compile(rb',"crc32":(\d+)\}\s*$')
TAIL_BYTES = 1 << 16  # read at once from the end of a journal, to find its last line


class DamagedLineError(ValueError):
    """A line of a journal differs from the written one."""


class Journal(BaseJournalBackend):
    """Append-only log of a study in one file, shared by the processes of one host."""

    def __init__(self, file: Path) -> None:
        """Open the file, created if needed, and cut a last line left incomplete by a kill or a full disk.

        Raises OSError if the file cannot be read and written, and UserError if a line that others
        follow is damaged.
        """
        self.file = file
        self._number = self._offset = self._checksum = 0  # of what was read
        with self._lock():
            file.open("ab").close()
            cut_torn_tail(file)

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the events from that number on; raises UserError at a damaged line."""
        if log_number_from < self._number:
            self._rewind()
        with self.file.open("rb") as stream:
            stream.seek(self._offset)
            for line in stream:
                if not line.endswith(b"\n"):
                    return  # another process is writing it
                try:
                    event, checksum = read_line(line, self._checksum)
                except DamagedLineError as error:
                    raise damaged(self.file, self._number + 1) from error
                self._checksum = checksum
                self._number += 1
                self._offset += len(line)
                if self._number > log_number_from:
                    yield event

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append events and flush them to the disk; if that fails, the file stays as it was."""
        with self._lock(), self.file.open("r+b", buffering=0) as stream:
            end, checksum = find_end(stream)
            lines = b""
            for event in logs:
                line, checksum = write_line(event, checksum)
                lines += line
            try:
                stream.truncate(end)  # another process may have been killed while it wrote
                stream.seek(end)
                while lines:
                    lines = lines[stream.write(lines) :]
                os.fsync(stream.fileno())
            except BaseException:
                stream.truncate(end)
                raise

    def _rewind(self) -> None:
        self._number, self._offset, self._checksum = 0, 0, 0

    def _lock(self) -> AbstractContextManager[None]:
        # Optuna's own lock, <file>.lock, is a link to the journal: another name.
        return locked(self.file.with_name(f"{self.file.name}.writer"), f"to write {self.file}")


def write_line(event: dict[str, Any], previous: int) -> tuple[bytes, int]:
    """Return the line of an event and its checksum, given that of the line before (0 at the start)."""
    text = json.dumps(event, separators=(",", ":")).encode()
    checksum = zlib.crc32(text, previous)
    return text[:-1] + b',"crc32":%d}\n' % checksum, checksum


def read_line(line: bytes, previous: int) -> tuple[dict[str, Any], int]:
    """Return the event of a line and its checksum, given that of the line before.

    A line without a checksum, as Optuna writes it, has checksum 0. Raises DamagedLineError.
    """
    stored = CHECKSUM.search(line)
    text = line if stored is None else line[: stored.start()] + b"}"
    checksum = 0 if stored is None else int(stored[1])
    if stored is not None and zlib.crc32(text, previous) != checksum:
        raise DamagedLineError("its checksum differs")
    try:
        event = json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise DamagedLineError(str(error)) from error
    if not isinstance(event, dict) or not {"op_code", "worker_id"} <= event.keys():
        raise DamagedLineError("it is no event of a study")
    return event, checksum


def find_end(stream: IO[bytes]) -> tuple[int, int]:
    """Return where the last whole line of a journal ends, and its checksum."""
    size, n_bytes = stream.seek(0, os.SEEK_END), TAIL_BYTES
    while True:
        start = stream.seek(max(0, size - n_bytes))
        tail = stream.read(size - start)
        end = tail.rfind(b"\n") + 1
        before = tail.rfind(b"\n", 0, max(0, end - 1)) + 1
        if start == 0 or before > 0:
            stored = CHECKSUM.search(tail[before:end])
            return start + end, 0 if stored is None else int(stored[1])
        n_bytes *= 2


def cut_torn_tail(file: Path) -> None:
    """Cut what is damaged at the end of a journal: half a line, zeros, or a last line that was altered.

    Raises UserError if a damaged line is followed by another event, which a cut would lose.
    """
    end, checksum, torn_at = 0, 0, 0
    with file.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if torn_at and CHECKSUM.search(line):
                raise damaged(file, torn_at)
            try:
                if not line.endswith(b"\n"):
                    raise DamagedLineError("it has no end")
                _, checksum = read_line(line, checksum)
            except DamagedLineError:
                torn_at = torn_at or number
                continue
            if torn_at:
                raise damaged(file, torn_at)
            end += len(line)
    if not torn_at:
        return
    n_bytes = file.stat().st_size - end
    os.truncate(file, end)
    log.warning(
        "%s: its end was damaged, by a kill, a full disk or a power cut; the last %d bytes (from line %d) were cut. "
        "The event that they held is lost: a trial that it belonged to is tried again.",
        file,
        n_bytes,
        torn_at,
    )


def damaged(file: Path, number: int) -> UserError:
    return UserError(
        f"{file}: line {number} is damaged or a line before it is missing, and events follow it. Restore the file from a copy, "
        "or start another study with hydra.sweeper.study_name=<name>."
    )
