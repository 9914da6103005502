"""Several trials at once, by Ray on this machine.

Ray is large and its launcher is not for every Hydra, so this runs only when asked for:

    pip install .[ray]
    pytest -m ray tests/tasks/search/test_ray.py
"""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest


@pytest.mark.ray
def test_two_trials_run_at_once(sweep: Any) -> None:
    if importlib.util.find_spec("hydra_plugins.hydra_ray_launcher") is None:
        pytest.skip("no launcher: pip install .[ray]")
    sweep.check_two_at_once("hydra/launcher=ray", "+hydra.launcher.ray.init.num_cpus=2")
