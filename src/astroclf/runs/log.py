"""Log of a run: on the terminal, and in a file."""

from __future__ import annotations

import logging
import sys

from astroclf.errors import one_line
from astroclf.interruption import READER_ENDED, leave_pipe, stop_soon


class Console(logging.StreamHandler):
    """A handler for stdout; where its reader has ended, as in `run.py | head`, a training stops quietly."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Stop after the step, with all that is kept on a signal, instead of one traceback a line."""
        if not isinstance(sys.exc_info()[1], BrokenPipeError):
            super().handleError(record)
            return
        leave_pipe()
        stop_soon(READER_ENDED)


class LogFile(logging.FileHandler):
    """File handler for a disk that may be full: lines are lost, with one message, and no error."""

    has_failed = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Report the first line that cannot be written."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self.has_failed:
            self.has_failed = True
            print(
                f"astroclf: {self.baseFilename} cannot be written ({one_line(error)}): its lines are lost.",
                file=sys.stderr,
            )
