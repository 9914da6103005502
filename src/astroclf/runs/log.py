"""Log file of a run."""

from __future__ import annotations

import logging
import sys

from astroclf.errors import one_line


class LogFile(logging.FileHandler):
    """File handler that survives a full disk: lines are lost, with one message instead of an error."""

    has_failed = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Print a message for the first line that cannot be written."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self.has_failed:
            self.has_failed = True
            print(
                f"astroclf: {self.baseFilename} cannot be written ({one_line(error)}): its lines are lost.",
                file=sys.stderr,
            )
