"""CPU cores: usable ones (affinity, control groups) and the load of other processes."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Reading:
    """CPU seconds since boot: of the usable cores, of this process, and of its peers by pid."""

    time_s: float
    busy_s: float
    own_s: float
    peers_s: dict[int, float]


class CoreMonitor:
    """Measures the load of the usable cores from one call to the next."""

    def __init__(self, peers: Iterable[int]) -> None:
        """peers: pids of processes whose load is not counted as foreign."""
        self.cores = usable_cores()
        self.last = self._read(peers)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.last.time_s

    def foreign_load(self, peers: Iterable[int]) -> float:
        """Return how many cores unrelated processes used on average since the last call."""
        now, last = self._read(peers), self.last
        self.last = now
        span_s = max(now.time_s - last.time_s, 1e-3)
        most_s = span_s * len(
            self.cores
        )  # upper bound for a peer whose start in the span is unknown
        peers_s = (
            used_s - last.peers_s[pid] if pid in last.peers_s else min(used_s, most_s)
            for pid, used_s in now.peers_s.items()
        )
        foreign_s = now.busy_s - last.busy_s - (now.own_s - last.own_s) - sum(peers_s)
        return min(max(foreign_s / span_s, 0.0), float(len(self.cores)))

    def _read(self, peers: Iterable[int]) -> Reading:
        return Reading(time.monotonic(), _busy_s(self.cores), time.process_time(), _used_s(peers))


def usable_cores(pid: int | None = None) -> frozenset[int]:
    """Return the numbers of the cores on which a process (this one) may run: its CPU affinity.

    Raises psutil.Error if there is no such process.
    """
    process = psutil.Process(pid)
    if hasattr(process, "cpu_affinity"):  # Linux and Windows
        return frozenset(process.cpu_affinity())
    return frozenset(range(os.cpu_count() or 1))


def cgroup_limit() -> float:
    """Return how many cores the control groups of this process (a container, a batch job) allow.

    The least cpu.max of the process's group and those above it (version 2), or the quota of the
    cpu controller (version 1); infinity where there is none.
    """
    return min(_limit_v1(), *(_limit_v2(folder) for folder in _cgroup_folders()))


def _limit_v2(folder: Path) -> float:
    try:
        quota, period = (folder / "cpu.max").read_text().split()
        return int(quota) / int(period)
    except (OSError, ValueError):  # no such file, or "max"
        return math.inf


def _limit_v1() -> float:
    try:
        quota_us, period_us = (
            int((CGROUPS / "cpu" / f"cpu.cfs_{name}_us").read_text())
            for name in ("quota", "period")
        )
    except (OSError, ValueError):  # no such file
        return math.inf
    return quota_us / period_us if quota_us > 0 else math.inf  # -1: no limit


def _cgroup_folders() -> list[Path]:
    """Return the folder of this process's control group and those above it."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return [CGROUPS]
    name = next((line.removeprefix("0::") for line in lines if line.startswith("0::")), "/")
    group = CGROUPS / name.strip("/")
    return [group, *(each for each in group.parents if each.is_relative_to(CGROUPS))]


def _busy_s(cores: Iterable[int]) -> float:
    """Return the seconds that the cores were not idle, those stolen by a hypervisor included."""
    times = psutil.cpu_times(percpu=True)
    idle = ("idle", "iowait", "guest", "guest_nice")  # guests are counted in user and nice
    return sum(
        value
        for core in cores
        if core < len(times)
        for name, value in times[core]._asdict().items()
        if name not in idle
    )


def _used_s(pids: Iterable[int]) -> dict[int, float]:
    """Return the CPU seconds of each process that is still alive."""
    used_s = {}
    for pid in pids:
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.Error:
            continue
        used_s[pid] = times.user + times.system
    return used_s
