"""Page of a search while it runs."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from astroclf.errors import one_line
from astroclf.reports.sweep.report import write_sweep_report
from astroclf.sweep.content import SweepContent

FIRST_AFTER_S = 10.0  # shorter searches have their page at the end alone
LARGEST_SHARE = 0.05  # of the time of a search, spent on its page

log = logging.getLogger(__name__)


@dataclass
class LivePage:
    """Page of a running search, rewritten after a trial unless that would take too much of the time."""

    path: Path
    due: float = field(default_factory=lambda: monotonic() + FIRST_AFTER_S)

    def update(self, content: SweepContent) -> None:
        """Rewrite the page with these trials if it is due; it reloads itself in a browser."""
        started = monotonic()
        if started < self.due:
            return
        try:
            write_sweep_report(self.path, content, is_running=True)
        except OSError as error:  # the search goes on without it
            log.warning("%s cannot be written: %s", self.path, one_line(error))
        self.due = started + (monotonic() - started) / LARGEST_SHARE
