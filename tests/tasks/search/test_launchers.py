"""Several trials at once by Hydra's launchers: each job is a process with the number of its trial."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

pytestmark = pytest.mark.slow

LAUNCHERS = {
    "joblib": ("joblib", "hydra.launcher.n_jobs=2"),
    "submitit_local": ("submitit", "hydra.launcher.timeout_min=10"),
}


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_two_trials_run_at_once(sweep: Any, launcher: str) -> None:
    extra, setting = LAUNCHERS[launcher]
    if importlib.util.find_spec(f"hydra_plugins.hydra_{extra}_launcher") is None:
        pytest.skip(f"no launcher: pip install .[{extra}]")
    sweep.check_two_at_once(f"hydra/launcher={launcher}", setting)


def test_trials_that_cannot_be_launched_have_failed(
    sweep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    monkeypatch.setenv("PATH", "/nowhere")  # not even where SLURM is installed
    process = sweep.start("hydra/launcher=submitit_slurm", "search=full", n_trials=2)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    assert 'its launcher broke down (RuntimeError: Could not detect "srun"' in output
    assert "Traceback" not in output
    assert sweep.states == ["FAIL"]
