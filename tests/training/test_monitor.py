from __future__ import annotations

import math

import pytest

from astroclf.training.monitor import Monitor


@pytest.mark.parametrize(
    ("value", "best", "expected"),
    [(2.0, 1.0, True), (1.0, 1.0, False), (0.5, 1.0, False), (1.0, math.nan, True)],
)
def test_an_improvement_goes_in_the_direction_of_the_metric(
    value: float, best: float, expected: bool
) -> None:
    assert Monitor("x", higher_is_better=True).is_improvement(value, best) == expected
    assert Monitor("x", higher_is_better=False).is_improvement(-value, -best) == expected


def test_an_improvement_exceeds_min_delta() -> None:
    monitor = Monitor("x", higher_is_better=True, min_delta=0.1)
    assert not monitor.is_improvement(1.05, 1.0)
    assert monitor.is_improvement(1.2, 1.0)


@pytest.mark.parametrize("best", [1.0, math.nan])
def test_nan_is_never_an_improvement(best: float) -> None:
    assert not Monitor("loss", higher_is_better=False).is_improvement(math.nan, best)
