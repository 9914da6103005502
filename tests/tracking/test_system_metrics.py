from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.settings import sections
from astroclf.tracking.tracker import MlflowTracker


@pytest.mark.parametrize("is_sampled", [True, False])
def test_a_run_is_sampled_if_it_is_asked_for(
    project: Path,
    recorded: Callable[[Path], Any],
    monkeypatch: pytest.MonkeyPatch,
    is_sampled: bool,
) -> None:
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.05")
    chosen = sections.Mlflow(
        name="mlflow",
        uri=None,
        experiment=None,
        run_name=None,
        log_model=False,
        register=None,
        system_metrics=is_sampled,
    )
    tracker = MlflowTracker(chosen, project)
    tracker.start("name", {}, {})
    tracker.wait()
    deadline_s = time.monotonic() + 20
    while time.monotonic() < deadline_s and is_sampled:
        if "system/cpu_utilization_percentage" in recorded(project).data.metrics:
            break
        time.sleep(0.05)
    tracker.end()
    run = recorded(project)
    assert run.info.status == "FINISHED"
    assert ("system/cpu_utilization_percentage" in run.data.metrics) == is_sampled
