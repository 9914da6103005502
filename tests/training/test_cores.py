"""Usable cores, their limits, and the load of other processes."""

from __future__ import annotations

import math
import os
import time
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from astroclf.training import cores
from astroclf.training.cores import CoreMonitor, Reading, cgroup_limit, usable_cores


def test_usable_cores_are_those_of_the_affinity() -> None:
    expected = psutil.Process().cpu_affinity() if hasattr(psutil.Process, "cpu_affinity") else ()
    assert usable_cores() == frozenset(expected or range(os.cpu_count() or 1))


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({}, math.inf),
        ({"cpu.max": "max 100000\n"}, math.inf),
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"job/cpu.max": "400000 100000\n", "job/step/cpu.max": "max 100000\n"}, 4.0),
        ({"cpu.max": "damaged"}, math.inf),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2.0),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, math.inf),
    ],
)
def test_the_limit_is_the_least_of_all_control_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], limit: float
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(cores, "CGROUPS", tmp_path)
    group = tmp_path / "job" / "step"
    monkeypatch.setattr(cores, "_cgroup_folders", lambda: [group, group.parent, tmp_path])
    assert cgroup_limit() == limit


def test_the_groups_of_a_process_reach_up_to_the_root() -> None:
    folders = cores._cgroup_folders()
    assert folders[-1] == cores.CGROUPS
    assert all(parent == child.parent for child, parent in pairwise(folders))


@pytest.mark.parametrize(
    ("now", "foreign"),
    [
        (Reading(10.0, 20.0, 20.0, {}), 0.0),  # all of it is this process
        (Reading(10.0, 17.0, 7.0, {}), 1.0),
        (Reading(10.0, 20.0, 10.0, {7: 105.0}), 0.5),  # a known peer used 5 of its 105 s now
        (Reading(10.0, 20.0, 10.0, {8: 6.0}), 0.4),  # a peer that started 6 s ago
        (Reading(10.0, 12.0, 2.0, {9: 500.0}), 0.0),  # one that registered late
        (Reading(10.0, 5.0, 9.0, {}), 0.0),
    ],
)
def test_the_load_of_this_process_and_its_peers_is_not_foreign(
    monkeypatch: pytest.MonkeyPatch, now: Reading, foreign: float
) -> None:
    monkeypatch.setattr(cores, "usable_cores", lambda: frozenset({0, 1}))
    readings = iter([Reading(0.0, 0.0, 0.0, {7: 100.0}), now])
    monkeypatch.setattr(CoreMonitor, "_read", lambda self, peers: next(readings))
    assert CoreMonitor([]).foreign_load([]) == pytest.approx(foreign)


def test_readings_of_the_system_never_decrease() -> None:
    monitor = CoreMonitor([os.getppid(), 2**31 - 1])
    before = monitor.last
    time.sleep(0.02)
    load = monitor.foreign_load([os.getppid()])
    assert 0 <= load <= len(monitor.cores)
    assert monitor.last.busy_s >= before.busy_s
    assert monitor.last.own_s > before.own_s
    assert set(before.peers_s) == {os.getppid()}
    assert monitor.elapsed_s < 10
