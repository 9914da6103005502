"""95 % intervals, by the method whose simulated coverage holds for the kind of metric.

`tests/evaluation/test_coverage.py` measures the coverage of every one.
"""

from __future__ import annotations

import math
from typing import NotRequired, TypedDict

import numpy as np

from astroclf.errors import counted
from astroclf.evaluation.resampling import Replicates

NORMAL_975 = 1.959963984540054  # the 97.5 % quantile of the standard normal distribution
LEAST_ERROR = 1e-9  # below it, resamples differ by rounding alone
FEWEST_UNITS = 10  # images, or groups of images, that an interval is estimated from


class Measured(TypedDict):
    """A metric as stored in metrics.json.

    value: None where the metric is not defined (such as with one class only).
    ci95: [low, high] with low <= value <= high, or None where there is no interval.
    note: why there is no interval although intervals are on, or on how few images it rests.
    floor: of a calibration error, the one expected of calibrated probabilities.
    """

    value: float | None
    ci95: list[float] | None
    note: NotRequired[str]
    floor: NotRequired[float]


def measured(value: float, interval: tuple[float, float] | None, note: str = "") -> Measured:
    """Return the entry of metrics.json; an interval is widened to hold the value."""
    if not math.isfinite(value):
        return {"value": None, "ci95": None}
    ci95 = None if interval is None else [min(interval[0], value), max(interval[1], value)]
    found: Measured = {"value": value, "ci95": ci95}
    if note:
        found["note"] = note if ci95 else f"no interval: {note}"
    return found


def estimate(replicates: Replicates, scale: str, note: str = "") -> Measured:
    """Return a metric with its t interval, or with a note that gives the reason why there is none.

    scale: see `t_interval`. note: why there can be no interval; empty where there can.
    """
    value, error = float(replicates.value), float(replicates.error)
    if not len(replicates.draws):
        return measured(value, None)
    note = note or too_few_units(replicates.units, replicates.unit)
    interval = None if note else t_interval(value, error, replicates.dof, scale)
    if interval is None and not note:
        note = f"no spread between {replicates.unit}s"
    return measured(value, interval, note)


def too_few_units(n: int, unit: str, kind: str = "") -> str:
    """Return the reason why so many images or groups (of a kind) give no interval, or ""."""
    if n >= FEWEST_UNITS:
        return ""
    return f"{counted(n, unit)}{kind}, fewer than {FEWEST_UNITS}"


def t_interval(
    value: float, error: float, dof: int, scale: str, level: float = 0.95
) -> tuple[float, float] | None:
    """Student's t interval, symmetric on a scale on which the metric is unbounded.

    The error is carried to the scale by the delta method, so that the interval stays in the range
    of the metric and follows its skewness. None without an error, or at an end of the range.

    scale: `logit` for metrics in (0, 1), `fisher` (the inverse hyperbolic tangent) in (-1, 1),
    `log` above 0, `linear` for differences. level: of confidence.
    """
    if not (math.isfinite(value) and math.isfinite(error)) or error < LEAST_ERROR or dof < 1:
        return None
    from scipy.special import stdtrit

    half = float(stdtrit(dof, (1 + level) / 2)) * error
    if scale == "linear":
        return value - half, value + half
    if scale == "log" and value > 0:
        return value * math.exp(-half / value), value * math.exp(min(half / value, 700))
    if scale == "fisher" and -1 < value < 1:
        low, high = _logit_interval((1 + value) / 2, half / 2)
        return 2 * low - 1, 2 * high - 1
    if scale == "logit" and 0 < value < 1:
        return _logit_interval(value, half)
    return None


def _logit_interval(value: float, half: float) -> tuple[float, float]:
    # The logit of (1 + r) / 2 is twice the inverse hyperbolic tangent of r.
    center, half = math.log(value / (1 - value)), half / (value * (1 - value))
    low, high = ((1 + math.tanh((center + sign * half) / 2)) / 2 for sign in (-1, 1))
    return low, high


def wilson_interval(hits: float, n: float) -> tuple[float, float]:
    """Return the 95 % score interval of a proportion (Wilson 1927, JASA 22, 209); (0, 1) for n = 0.

    n: number of independent images; need not be whole where it is an effective one.
    """
    if n == 0:
        return 0.0, 1.0
    share, z2 = hits / n, NORMAL_975**2
    center = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = NORMAL_975 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    # At 0 and n hits the bound is 0 or 1 exactly, which rounding would miss.
    low = 0.0 if hits == 0 else center - half
    high = 1.0 if hits == n else center + half
    return low, high


def f1_interval(hits: float, members: float) -> tuple[float, float]:
    """Return the interval of F1 = 2 J / (1 + J), with Wilson's interval of the Jaccard index J.

    J is a proportion: of the images that are of the class or predicted so (`members`), the share
    that is both (`hits`).
    """
    low, high = wilson_interval(hits, members)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def interval_of_mean(
    values: np.ndarray, intervals: np.ndarray, correlation: np.ndarray
) -> tuple[float, float]:
    """Return the interval of the mean of K metrics from theirs (MOVER: Zou & Donner 2008, Stat. Med. 27,
    1693).

    It keeps the asymmetry of the single intervals, so that a class of few images counts with all
    that is unknown of it.

    values: (K,). intervals: (K, 2). correlation: (K, K) of the estimates.
    """
    below, above = values - intervals[:, 0], intervals[:, 1] - values
    spread = [
        math.sqrt(max(0.0, side @ correlation @ side)) / len(values) for side in (below, above)
    ]
    mean = float(values.mean())
    return mean - spread[0], mean + spread[1]
