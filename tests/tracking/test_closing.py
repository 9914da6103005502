from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.errors import Interrupted, Pruned
from astroclf.tracking import close_abandoned, closing
from astroclf.tracking.tracker import MlflowTracker

Follow = Callable[..., MlflowTracker]
Recorded = Callable[[Path], Any]


@pytest.mark.parametrize(
    ("raised", "status", "state", "reason"),
    [
        (None, "FINISHED", "complete", None),
        (Pruned("at epoch 2"), "FINISHED", "pruned", "Pruned: at epoch 2"),
        (Interrupted(signal.SIGINT), "KILLED", "interrupted", "SIGINT"),
        (KeyboardInterrupt(), "KILLED", "interrupted", "KeyboardInterrupt"),
        (ValueError("no such thing"), "FAILED", "failed", "ValueError: no such thing"),
        (SystemExit(3), "FAILED", "failed", "SystemExit: 3"),
    ],
    ids=str,
)
def test_closing_records_the_state_and_its_reason(
    follow: Follow,
    recorded: Recorded,
    raised: BaseException | None,
    status: str,
    state: str,
    reason: str | None,
) -> None:
    def work() -> None:
        with closing(tracker):
            tracker.start("name", {}, {})
            if raised is not None:
                raise raised

    tracker = follow()
    if raised is None:
        work()
    else:
        with pytest.raises(type(raised)):
            work()
    run = recorded(tracker.folder)
    assert (run.info.status, run.data.tags["state"]) == (status, state)
    assert run.data.tags.get("reason") == reason


def test_a_run_whose_process_was_killed_is_closed_by_another(
    follow: Follow, recorded: Recorded
) -> None:
    killed = follow()
    killed.start("name", {}, {})
    killed.wait()
    assert recorded(killed.folder).info.status == "RUNNING"
    killed.sender._is_given_up = True
    (killed.folder / "history.csv").write_text("epoch,loss,time_s\n1,0.5,2\n2,0.25,2\n")
    for _ in range(2):
        close_abandoned(killed.settings, killed.folder, "killed")
    run = recorded(killed.folder)
    assert (run.info.status, run.data.tags["state"]) == ("KILLED", "interrupted")
    assert run.data.metrics == {"loss": 0.25, "system/time_s": 2}
