from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from astroclf.bundle.averaging import class_orders, merge_p_values

UNIT = st.floats(0, 1)


def test_class_orders_bring_every_list_into_the_order_of_the_first() -> None:
    lists = [("a", "b", "c"), ("c", "a", "b")]
    first, second = class_orders(lists)
    assert first == [0, 1, 2]
    assert [lists[1][k] for k in second] == ["a", "b", "c"]


@given(arrays(np.float64, (3, 5), elements=UNIT))
def test_merged_p_values_are_twice_the_mean_at_most_1(p_values: np.ndarray) -> None:
    expected = [min(1.0, 2 * sum(column) / 3) for column in p_values.T]
    assert merge_p_values(list(p_values)) == pytest.approx(np.array(expected))


@pytest.mark.parametrize("level", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("correlation", [0.0, 0.9, 1.0])
def test_merged_p_values_hold_their_level_whatever_their_dependence(
    level: float, correlation: float
) -> None:
    from scipy.stats import norm

    rng = np.random.default_rng(0)
    shared, own = rng.standard_normal((1, 20_000)), rng.standard_normal((3, 20_000))
    p_values = norm.cdf(np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own)
    assert np.mean(merge_p_values(list(p_values)) <= level) <= level + 0.002
