"""Number of CPU threads."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterator

import pytest
import torch

from astroclf.training import threads
from astroclf.training.threads import free_cores, set_threads, share_of, warn_of_change

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def same_number_afterwards() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


class FakeMonitor:
    """Four cores with a given load of other processes."""

    cores = frozenset(range(4))
    elapsed_s = 5.0
    load = 0.0

    def foreign_load(self, peers: list[int]) -> float:
        return self.load


@pytest.fixture
def monitor(monkeypatch: pytest.MonkeyPatch) -> FakeMonitor:
    """A machine of four cores, of which OMP_NUM_THREADS allows all, and no process beside this one."""
    monitor = FakeMonitor()
    monkeypatch.setattr(threads, "MOST_THREADS", 4)
    monkeypatch.setattr(threads, "register", lambda: None)
    monkeypatch.setattr(threads, "find_peers", list)
    monkeypatch.setattr(threads, "cgroup_limit", lambda: math.inf)
    monkeypatch.setattr(threads, "_process_monitor", lambda: monitor)
    return monitor


@pytest.mark.parametrize(
    ("usable", "load", "limit", "expected"),
    [
        (2, 0.0, math.inf, 2),
        (2, 0.3, math.inf, 2),
        (2, 0.67, math.inf, 1),  # what a busy process gets beside two threads on two cores
        (2, 2.0, math.inf, 1),
        (16, 3.0, math.inf, 13),
        (16, 3.0, 8.0, 8),
        (64, 60.0, 8.0, 4),
        (2, 0.0, 1.5, 1),
        (2, 0.0, 0.5, 1),
    ],
)
def test_free_cores_are_those_without_load_within_the_limit(
    usable: int, load: float, limit: float, expected: int
) -> None:
    assert free_cores(usable, load, limit) == expected


@pytest.mark.parametrize(
    ("cores", "shares"), [(2, [2]), (2, [1, 1]), (2, [1, 1, 1]), (8, [3, 3, 2]), (1, [1, 1])]
)
def test_processes_share_the_free_cores(cores: int, shares: list[int]) -> None:
    assert [share_of(cores, len(shares), rank) for rank in range(len(shares))] == shares


def test_threads_follow_the_load_between_epochs(
    monitor: FakeMonitor, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = set_threads("auto", CPU)
    assert chosen.number == torch.get_num_threads() == 4
    monitor.load = 2.2
    with caplog.at_level(logging.INFO):
        chosen.adjust()
        chosen.adjust()
    assert torch.get_num_threads() == 2
    assert caplog.messages == ["cpu threads: 4 -> 2 (unrelated processes use 2.2 cores)"]
    monitor.load = 0.0
    chosen.adjust()
    assert torch.get_num_threads() == 4


def test_a_short_epoch_does_not_change_the_threads(monitor: FakeMonitor) -> None:
    chosen = set_threads("auto", CPU)
    monitor.load, monitor.elapsed_s = 2.0, 0.5
    chosen.adjust()
    assert chosen.number == 4


def test_peers_reduce_the_share(monitor: FakeMonitor, monkeypatch: pytest.MonkeyPatch) -> None:
    lower, higher = os.getpid() - 1, os.getpid() + 1
    monkeypatch.setattr(threads, "find_peers", lambda: [lower, higher])
    assert set_threads("auto", CPU).number == 1  # four cores: 2, 1 and 1
    monkeypatch.setattr(threads, "find_peers", lambda: [higher])
    assert set_threads("auto", CPU).number == 2


def test_omp_num_threads_is_a_limit(monitor: FakeMonitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "MOST_THREADS", 3)
    assert set_threads("auto", CPU).number == 3


def test_a_given_number_is_constant(monitor: FakeMonitor) -> None:
    monitor.load = 4.0
    chosen = set_threads(3, CPU)
    chosen.adjust()
    assert chosen.number == torch.get_num_threads() == 3


def test_a_gpu_keeps_the_number_of_pytorch(monitor: FakeMonitor) -> None:
    monitor.load = 4.0
    assert set_threads("auto", torch.device("cuda")).number == 4


def test_a_resume_with_other_threads_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_change([], 2)
    warn_of_change([1, 2], 2)
    assert not caplog.messages
    warn_of_change([2, 1], 2)
    assert "trainer.threads=1 keeps them" in caplog.text
