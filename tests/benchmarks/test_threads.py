"""The benchmark of threads: its table, and that its busy process ends."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks/threads.py"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


def test_ratios_are_taken_within_a_round(script: dict[str, Any]) -> None:
    situations = [*script["ALONE"], *script["BESIDE"], *script["TWO"]]
    rates = {each: [100.0, 200.0] for each in situations}
    rates[script["BESIDE"][2]] = [95.0, 180.0]
    lines = script["table"](rates).splitlines()
    (ratio,) = (line for line in lines if line.startswith("busy: auto / 1 thread"))
    assert ratio.split()[-3:] == ["0.95", "0.90", "0.93"]
    assert len(lines) == 4 + len(situations) + len(script["RATIOS"])


def test_a_busy_process_ends_with_its_situation(script: dict[str, Any]) -> None:
    with script["busy_process"]() as process:
        assert process.poll() is None
    assert process.poll() is not None
