from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from astroclf.evaluation.paired.discordance import Discordance


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (0, 5), (12, 3), (7, 7), (60, 91)])
def test_p_value_is_that_of_the_exact_mcnemar_test_of_statsmodels(only_a: int, only_b: int) -> None:
    found = Discordance(200, only_a, only_b, 30)
    table = [[200, only_a], [only_b, 30]]
    assert found.p_value() == pytest.approx(mcnemar(table, exact=True).pvalue)


def test_images_are_counted() -> None:
    right_a = np.array([True, True, False, False, False])
    right_b = np.array([True, False, True, True, False])
    found = Discordance.of(right_a, right_b)
    assert found == Discordance(1, 1, 2, 1)
    assert found.n == 5


def test_interval_is_that_of_the_formula_of_bonett_and_price() -> None:
    # 1,600 images of two ratings (Agresti, "Categorical Data Analysis", table 10.1): 150 and 86 changed.
    low, high = Discordance(794, 150, 86, 570).interval()
    a, b, n = 151 / 1602, 87 / 1602, 1602
    half = 1.959964 * np.sqrt((a + b - (b - a) ** 2) / n)
    assert (low, high) == pytest.approx((b - a - half, b - a + half))
    assert (low, high) == pytest.approx((-0.0588, -0.0211), abs=2e-4)


def test_models_that_agree_everywhere_have_an_interval() -> None:
    low, high = Discordance(90, 0, 0, 10).interval()
    assert -0.04 < low < 0 < high < 0.04


@pytest.mark.parametrize("share", [0.0, 0.03, 0.1])
def test_interval_holds_the_difference_in_95_percent_of_samples(share: float) -> None:
    rng = np.random.default_rng(0)
    truth = share / 2
    hits = 0
    for _ in range(2000):
        kind = rng.choice(4, 200, p=[0.85 - share, 0.02, 0.02 + truth, 0.11 + share - truth])
        counts = np.bincount(kind, minlength=4).tolist()
        low, high = Discordance(*counts).interval()
        hits += low <= truth <= high
    assert 0.935 <= hits / 2000 <= 0.985
