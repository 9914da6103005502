"""Runs of former versions, resumed by this one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.runs.folder import RunFolder
from astroclf.runs.history import read_history

OLD = Path(__file__).parents[1] / "runs/old_formats"


def test_checkpoint_of_a_former_version_is_resumed_to_the_end(
    run_here: Callable[..., Any], tmp_path: Path
) -> None:
    whole = read_history(RunFolder(OLD / "checkpoint_6"))
    shutil.copytree(OLD / "checkpoint_6/checkpoint", tmp_path / "run/checkpoint")
    ran = run_here("resume=run")
    assert (ran.code, ran.err) == (0, "")
    history = read_history(RunFolder(tmp_path / "run"))
    assert len(history) == len(whole) == 3
    for row, expected in zip(history, whole, strict=True):
        for name in expected.keys() - {"time_s", "images_per_s"}:
            assert row[name] == pytest.approx(expected[name], rel=1e-4), name
    assert (tmp_path / "run/bundle").is_dir()
