from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from astroclf.evaluation.paired.holm import holm_adjusted


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_adjusted_p_values_are_those_of_statsmodels(n: int) -> None:
    p_values = np.random.default_rng(n).beta(0.3, 1, n)
    expected = multipletests(p_values, method="holm")[1]
    np.testing.assert_allclose(holm_adjusted(p_values), expected)


def test_ties_and_no_test_at_all() -> None:
    assert holm_adjusted(np.array([0.04, 0.01, 0.04])).tolist() == pytest.approx([0.08, 0.03, 0.08])
    assert holm_adjusted(np.array([])).tolist() == []
