"""Throughput of several runtimes, measured in turns on the same images."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

LONGEST_S = 2.0  # of the measurement of one runtime
MOST_ROUNDS = 20


def images_per_s(runs: Mapping[str, Callable[[], object]], n_images: int) -> dict[str, float]:
    """Return the images per second of each runtime, from its shortest pass.

    runs: name -> function that predicts all images once. They take turns, so that a change in the
    load of the machine affects all; the first pass of each is not counted.
    """
    for predict in runs.values():
        predict()
    fastest_s = dict.fromkeys(runs, float("inf"))
    end_s = time.perf_counter() + LONGEST_S * len(runs)
    for _ in range(MOST_ROUNDS):
        for name, predict in runs.items():
            start_s = time.perf_counter()
            predict()
            fastest_s[name] = min(fastest_s[name], time.perf_counter() - start_s)
        if time.perf_counter() > end_s:
            break
    return {name: n_images / seconds for name, seconds in fastest_s.items()}
