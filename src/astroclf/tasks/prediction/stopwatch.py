"""Time that each part of a loop takes."""

from __future__ import annotations

import time
from collections import Counter


class Stopwatch:
    """Sums of the times between laps, by the name of the lap."""

    def __init__(self) -> None:
        self.spent_s: Counter[str] = Counter()
        self._start_s = self._last_s = time.monotonic()

    @property
    def total_s(self) -> float:
        return self._last_s - self._start_s

    def lap(self, name: str) -> None:
        """Add the time since the last lap, or since the start, to that name."""
        now_s = time.monotonic()
        self.spent_s[name] += now_s - self._last_s  # type: ignore[assignment]
        self._last_s = now_s

    def shares(self) -> str:
        """Return the share of each name, such as "network 96 %, writing 4 %"."""
        total_s = max(self.total_s, 1e-9)
        return ", ".join(f"{name} {100 * s / total_s:.0f} %" for name, s in self.spent_s.items())
