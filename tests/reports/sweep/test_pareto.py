from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.reports.canvas import draw
from astroclf.reports.sweep.pareto import pareto_fronts
from astroclf.sweep.content import SweepContent


def test_two_objectives_have_one_front_with_its_trials_numbered(two: SweepContent) -> None:
    (front,) = pareto_fronts(two)
    chart = draw(front)
    assert 'aria-label="parameters against accuracy"' in chart
    assert "accuracy (more is better)" in chart
    assert "parameters (less is better)" in chart
    assert len(two.front) <= 15
    for trial in two.front:
        assert f">{trial.number}</text>" in chart


@pytest.mark.parametrize(("n", "pairs"), [(2, 1), (3, 3), (4, 6)])
def test_each_pair_of_objectives_has_a_front(
    make_content: Callable[..., SweepContent], n: int, pairs: int
) -> None:
    kind = tuple("abcd"[:n]), ("maximize", *["minimize"] * (n - 1))
    assert len(pareto_fronts(make_content(6, kind=kind))) == pairs
