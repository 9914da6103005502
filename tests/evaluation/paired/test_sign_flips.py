from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import permutation_test

from astroclf.evaluation.paired.discordance import Discordance
from astroclf.evaluation.paired.sign_flips import sign_flip_p_value


def p_value_of_scipy(differences: np.ndarray, n_resamples: float = np.inf) -> float:
    return permutation_test(
        (differences, np.zeros_like(differences)),
        lambda a, b, axis: np.sum(a - b, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=n_resamples,
        rng=np.random.default_rng(1),
    ).pvalue


def test_few_groups_are_flipped_exactly_as_scipy_does() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(10), 7)
    differences = rng.integers(-1, 2, 70) + 0.3 * (groups % 2)
    sums = np.bincount(groups, differences)
    found = sign_flip_p_value(differences, groups.astype(str), seed=0)
    assert found == pytest.approx(p_value_of_scipy(sums))


def test_many_groups_are_flipped_at_random() -> None:
    rng = np.random.default_rng(0)
    differences = rng.normal(0.2, 1, 60)
    found = sign_flip_p_value(differences, np.arange(60), seed=0)
    assert found == pytest.approx(p_value_of_scipy(differences, 20_000), abs=0.01)


def test_images_in_groups_of_their_own_give_the_exact_mcnemar_test() -> None:
    differences = np.repeat([1, -1, 0], [9, 3, 88])
    found = sign_flip_p_value(differences, np.arange(100), seed=0)
    assert found == pytest.approx(Discordance(50, 3, 9, 38).p_value())


def test_equal_models_are_not_different() -> None:
    assert sign_flip_p_value(np.zeros(5), np.arange(5), seed=0) == 1.0


def test_one_group_can_show_no_difference() -> None:
    assert sign_flip_p_value(np.ones(50), np.zeros(50), seed=0) == 1.0
