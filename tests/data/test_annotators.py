from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as reference_fleiss

from astroclf.data.annotators import (
    MISSING,
    cohen_kappa,
    count_classes,
    describe_agreement,
    fleiss_kappa,
    majority,
)

RNG = np.random.default_rng(1)
TRUTH = RNG.integers(3, size=200)
GIVEN = np.where(RNG.random((200, 4)) < 0.7, TRUTH[:, None], RNG.integers(3, size=(200, 4)))


def test_fleiss_kappa_is_that_of_statsmodels() -> None:
    table, _ = aggregate_raters(GIVEN)
    counts = count_classes(GIVEN, 3)
    np.testing.assert_array_equal(counts, table)
    assert fleiss_kappa(counts) == pytest.approx(reference_fleiss(table), abs=1e-12)


def test_cohen_kappa_is_that_of_statsmodels() -> None:
    table = np.zeros((3, 3))
    np.add.at(table, (GIVEN[:, 0], GIVEN[:, 1]), 1)
    expected = cohens_kappa(table, return_results=False)
    assert cohen_kappa(GIVEN[:, 0], GIVEN[:, 1], 3) == pytest.approx(expected, abs=1e-12)


def test_images_with_one_annotation_leave_the_agreement_unchanged() -> None:
    single = np.full((50, 4), MISSING)
    single[:, 2] = 1
    counts = count_classes(np.vstack([GIVEN, single]), 3)
    assert fleiss_kappa(counts) == fleiss_kappa(count_classes(GIVEN, 3))
    both = np.vstack([GIVEN, single])
    assert cohen_kappa(both[:, 0], both[:, 1], 3) == cohen_kappa(GIVEN[:, 0], GIVEN[:, 1], 3)


def test_agreement_of_unequal_numbers_of_annotators_by_hand() -> None:
    # Two of two agree, and one pair of three: mean 2/3; classes 3/5 and 2/5, so that chance is 13/25.
    counts = np.array([[2, 0], [1, 2]])
    assert fleiss_kappa(counts) == pytest.approx((2 / 3 - 13 / 25) / (1 - 13 / 25))


def test_majority_breaks_ties_by_the_frequency_of_the_classes() -> None:
    counts = np.array([[1, 1, 0], [0, 3, 0], [0, 1, 1], [2, 0, 0]])
    chosen, tied = majority(counts)
    assert chosen.tolist() == [1, 1, 1, 0]
    assert tied.tolist() == [True, False, True, False]
    reordered, _ = majority(counts[::-1])
    assert reordered.tolist() == chosen[::-1].tolist()


def test_agreement_is_unknown_without_a_second_class() -> None:
    assert np.isnan(fleiss_kappa(np.array([[2, 0], [3, 0]])))
    assert np.isnan(fleiss_kappa(np.array([[1, 0]])))
    assert "unknown" in describe_agreement(np.array([[0, MISSING], [MISSING, 1]]), ("a", "b"), 2)


def test_agreement_is_named_by_its_statistic() -> None:
    two = describe_agreement(GIVEN[:, :2], ("ann", "bob"), 3)
    assert two.startswith("Agreement of the annotators ann, bob beyond chance: Cohen's kappa 0.")
    assert "Fleiss' kappa" in describe_agreement(GIVEN, tuple("abcd"), 3)
