from __future__ import annotations

import time

import pytest

from astroclf.tasks.prediction.stopwatch import Stopwatch


def test_laps_of_a_name_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 1.0, 4.0, 5.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(times))
    watch = Stopwatch()
    for name in ("images", "network", "images"):
        watch.lap(name)
    assert watch.spent_s == {"images": 2.0, "network": 3.0}
    assert watch.total_s == 5.0
    assert watch.shares() == "images 40 %, network 60 %"
