"""Number of CPU threads: as many as there are free cores, shared with other trainings.

Threads of one operation wait for each other, so that one without a core of its own slows them all.
The number of threads changes the order of sums, and with it the last digits of a result.
"""

from __future__ import annotations

import functools
import logging
import math
import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import torch

from astroclf.training.callbacks import Callback
from astroclf.training.cores import CoreMonitor, cgroup_limit
from astroclf.training.peers import find_peers, register

if TYPE_CHECKING:
    from astroclf.training.learner import Learner

log = logging.getLogger(__name__)

# Shortest interval over which the load of other processes is averaged: at the start, between epochs.
FIRST_INTERVAL_S, INTERVAL_S = 0.3, 1.0
MOST_THREADS = torch.get_num_threads()  # within the CPU affinity and OMP_NUM_THREADS


class Threads(Callback):
    """Fixed number of CPU threads, recorded in the progress of the training."""

    @property
    def number(self) -> int:
        """Number of threads of PyTorch's operations."""
        return torch.get_num_threads()

    def on_train_start(self, learner: Learner) -> None:
        """Record the number, with a warning if it is another than before the training was resumed."""
        warn_of_change(learner.progress.threads, self.number)
        learner.progress.record_threads(self.number)

    def on_epoch_end(self, learner: Learner) -> None:
        """Adjust the number to the load of the machine, and record it."""
        self.adjust()
        learner.progress.record_threads(self.number)

    def adjust(self) -> None:
        """Follow the number of free cores."""


class FreeCoreThreads(Threads):
    """One thread per free core, with an equal share for each process that trains."""

    def __init__(self) -> None:
        register()
        self.monitor = _process_monitor()
        time.sleep(max(0.0, FIRST_INTERVAL_S - self.monitor.elapsed_s))
        self._follow_load()

    def adjust(self) -> None:
        if self.monitor.elapsed_s < INTERVAL_S:
            return
        before = self.number
        foreign = self._follow_load()
        if self.number != before:
            log.info(
                "cpu threads: %d -> %d (unrelated processes use %.1f cores)",
                before,
                self.number,
                foreign,
            )

    def _follow_load(self) -> float:
        peers = find_peers()
        foreign = self.monitor.foreign_load(peers)
        free = free_cores(len(self.monitor.cores), foreign, cgroup_limit())
        rank = sum(pid < os.getpid() for pid in peers)
        torch.set_num_threads(min(MOST_THREADS, share_of(free, 1 + len(peers), rank)))
        return foreign


def set_threads(setting: Literal["auto"] | int, device: torch.device) -> Threads:
    """Set the number of threads of PyTorch's operations in this process.

    setting: `auto` is one per free core, within the CPU affinity, the limit of the
    control group and OMP_NUM_THREADS; processes of one user that train on the same cores share
    them. A training on a GPU keeps PyTorch's number.
    """
    if setting == "auto" and device.type == "cpu" and MOST_THREADS > 1:
        return FreeCoreThreads()
    torch.set_num_threads(MOST_THREADS if setting == "auto" else setting)
    return Threads()


@functools.cache
def _process_monitor() -> CoreMonitor:
    return CoreMonitor(find_peers())


def warn_of_change(before: Sequence[int], number: int) -> None:
    """Warn that a resumed run is not exact to the last digit, if its number of threads changed."""
    if before and before[-1] != number:
        log.warning(
            "resume: the number of CPU threads was %d and is now %d, so the last digits may differ from those "
            "of an uninterrupted run. trainer.threads=%d keeps them.",
            before[-1],
            number,
            before[-1],
        )


def free_cores(usable: int, foreign_load: float, limit: float) -> int:
    """Return how many cores unrelated processes leave free, 1 or more.

    limit: the most cores that may be used at once.
    """
    return max(1, math.floor(min(usable - math.floor(foreign_load + 0.5), limit)))


def share_of(cores: int, processes: int, rank: int) -> int:
    """Return the share of the process with that rank (0, 1, ...), 1 or more."""
    each, left = divmod(cores, processes)
    return max(1, each + (rank < left))
