"""Novelty: distances against scikit-learn's neighbors, p-values by hand and in simulations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from astroclf.evaluation.novelty import (
    BLOCK,
    DIMENSIONS,
    NEIGHBORS,
    Novelty,
    TrainingFeatures,
    choose_at_random,
    choose_evenly,
    conformal_p_values,
    principal_components,
)


def make_features(n: int, width: int, seed: int, rank: int = 12) -> np.ndarray:
    """Features of a few directions of decreasing variance, with noise."""
    rng = np.random.default_rng(seed)
    directions = (
        np.random.default_rng(0).normal(size=(rank, width)) / np.arange(1, rank + 1)[:, None]
    )
    return (
        rng.normal(size=(n, rank)) @ directions + 0.05 * rng.normal(size=(n, width)) + 0.5
    ).astype(np.float32)


def reference_distances(train: np.ndarray, other: np.ndarray, whitened: PCA) -> np.ndarray:
    neighbors = NearestNeighbors(n_neighbors=NEIGHBORS).fit(whitened.transform(train))
    distances: np.ndarray = neighbors.kneighbors(whitened.transform(other))[0][:, -1]
    return distances


def test_distances_are_those_of_whitened_components() -> None:
    """20 features, so that the components leave nothing out."""
    train, other = make_features(400, 20, 1), make_features(BLOCK + 50, 20, 2)
    found = TrainingFeatures.fit(train, 0).distances(other)
    np.testing.assert_allclose(
        found, reference_distances(train, other, PCA(20, whiten=True).fit(train)), rtol=0.05
    )


def test_the_length_of_what_is_left_out_is_one_coordinate() -> None:
    train, other = make_features(400, 200, 1), make_features(50, 200, 2)
    features = TrainingFeatures.fit(train, 0)
    assert features.components.shape == (200, DIMENSIONS)
    axes = features.components.astype(float)

    def rest_of(rows: np.ndarray) -> np.ndarray:
        centered = rows - train.mean(axis=0)
        lengths: np.ndarray = np.linalg.norm(centered - centered @ axes @ axes.T, axis=1)
        return lengths

    expected = (rest_of(other) - rest_of(train).mean()) / rest_of(train).std()
    np.testing.assert_allclose(features.transform(other)[:, -1], expected, atol=0.01)
    np.testing.assert_allclose(features.coordinates.astype(float).std(axis=0), 1, atol=0.01)


def test_a_direction_that_no_training_image_has_counts() -> None:
    """The components alone would leave it out."""
    train = make_features(400, 200, 1)
    train[:, -1] = 0
    like, unlike = make_features(50, 200, 2), make_features(50, 200, 2)
    like[:, -1], unlike[:, -1] = 0, 3
    features = TrainingFeatures.fit(train, 0)
    np.testing.assert_allclose(
        features.transform(unlike)[:, :-1], features.transform(like)[:, :-1], atol=0.1
    )
    assert features.distances(unlike).min() > 3 * features.distances(like).max()


def test_components_are_those_of_a_pca() -> None:
    rows = make_features(300, 80, 3)
    centered = rows - rows.mean(axis=0)
    found = principal_components(centered, 8, seed=0)
    expected = PCA(8).fit(rows).components_
    overlap = np.abs(np.sum(found.T * expected, axis=1))
    np.testing.assert_allclose(overlap, 1, atol=1e-3)
    np.testing.assert_array_equal(found, principal_components(centered, 8, seed=0))


def test_p_values_by_hand() -> None:
    calibration = np.array([3.0, 1.0, 2.0, 2.0])
    found = conformal_p_values(np.array([0.5, 1, 2, 2.5, 3, 9]), calibration, None)
    np.testing.assert_allclose(found, np.array([5, 5, 4, 2, 2, 1]) / 5)
    of_groups = conformal_p_values(np.array([2.0, 2.5, 9]), calibration, np.array([0, 1, 1, 1]))
    np.testing.assert_allclose(of_groups, [(1 + 1 + 2 / 3) / 3, 2 / 3, 1 / 3])


def test_p_values_without_calibration_are_1() -> None:
    np.testing.assert_array_equal(conformal_p_values(np.ones(3), np.empty(0), None), np.ones(3))


@pytest.mark.parametrize("alpha", [0.05, 0.1])
def test_flags_of_exchangeable_images_have_the_stated_rate(alpha: float) -> None:
    rng, draws, n = np.random.default_rng(4), 4000, 99
    flagged = 0
    for _ in range(draws):
        scores = rng.gamma(2.0, size=n + 1)
        flagged += int(conformal_p_values(scores[n:], scores[:n], None)[0] <= alpha)
    low, high = binom.ppf([0.001, 0.999], draws, alpha)  # exact, since alpha (n + 1) is whole
    assert low <= flagged <= high


def test_flags_of_new_groups_do_not_exceed_the_stated_rate() -> None:
    rng, draws, n_groups = np.random.default_rng(5), 3000, 39
    flagged = {"by group": 0, "by image": 0}
    for _ in range(draws):
        seeing = rng.normal(size=n_groups + 1)
        sizes = np.where(seeing > 0.5, 1, 30)
        groups = np.repeat(np.arange(n_groups + 1), sizes)
        scores = seeing[groups] + 0.2 * rng.normal(size=len(groups))
        known, new = groups < n_groups, rng.choice(np.flatnonzero(groups == n_groups))
        for name, of_known in (("by group", groups[known]), ("by image", None)):
            p = conformal_p_values(scores[new : new + 1], scores[known], of_known)
            flagged[name] += int(p[0] <= 0.1)
    assert flagged["by group"] <= binom.ppf(0.999, draws, 0.1)
    assert flagged["by image"] > binom.ppf(0.999, draws, 0.1)


def test_shifted_images_are_flagged_and_training_like_ones_are_not() -> None:
    train, val = make_features(600, 100, 1), make_features(300, 100, 2)
    novelty = Novelty.fit(train, val, None, seed=0)
    assert novelty is not None
    other = make_features(200, 100, 3)
    assert np.median(novelty.p_values(other)) > 0.3
    assert novelty.p_values(other + np.linspace(0, 9, 100, dtype=np.float32)).max() < 0.05


def test_groups_count_once_there_are_enough_for_a_small_p_value() -> None:
    train, val, other = (make_features(n, 30, seed) for n, seed in ((200, 1), (76, 2), (20, 3)))
    for n_groups, counts in ((19, True), (18, False)):
        groups = np.arange(76) % n_groups
        novelty = Novelty.fit(train, val, groups, seed=0)
        assert novelty is not None
        assert novelty.counts_groups == counts
        expected = conformal_p_values(
            novelty.train.distances(other), novelty.distances, groups if counts else None
        )
        np.testing.assert_array_equal(novelty.p_values(other), expected)
        assert ("val has 18 groups of images, fewer than the 19" in novelty.note) == (not counts)


def test_few_validation_images_are_noted() -> None:
    train, val = make_features(100, 20, 1), make_features(19, 20, 2)
    few, enough = Novelty.fit(train, val[:12], None, 0), Novelty.fit(train, val, None, 0)
    assert few is not None
    assert enough is not None
    assert few.note.startswith(
        "unlike_training: val has 12 images, so that no p-value is below 1/13"
    )
    assert enough.note == ""


def test_features_that_are_not_finite_are_unlike_and_not_trained_on() -> None:
    train, val = make_features(50, 20, 1), make_features(30, 20, 2)
    train[3], val[4] = np.nan, np.inf
    novelty = Novelty.fit(train, val, None, seed=0)
    assert novelty is not None
    assert len(novelty.train.coordinates) == 49
    assert novelty.p_values(np.full((1, 20), np.nan))[0] == pytest.approx(2 / 31)
    assert Novelty.fit(train[3:4], val, None, seed=0) is None


def test_constant_features_give_no_flags() -> None:
    same = np.ones((40, 10), np.float32)
    novelty = Novelty.fit(same, same[:20], None, seed=0)
    assert novelty is not None
    np.testing.assert_allclose(novelty.p_values(same), 1)


@given(st.integers(2, 40), st.integers(1, 90), st.integers(0, 30), st.integers(0, 5))
def test_p_values_have_one_number_an_image(n_train: int, width: int, n_val: int, n: int) -> None:
    rng = np.random.default_rng(n_train)
    novelty = Novelty.fit(
        rng.normal(size=(n_train, width)), rng.normal(size=(n_val, width)), None, seed=0
    )
    assert novelty is not None
    found = novelty.p_values(rng.normal(size=(n, width)))
    assert (found.shape, found.dtype) == ((n,), np.float64)
    assert np.all((found > 0) & (found <= 1))


def test_images_are_chosen_evenly_over_the_classes() -> None:
    classes = np.repeat([0, 1, 2], [900, 90, 10])
    chosen = choose_evenly(classes, 100, seed=0)
    assert np.bincount(classes[chosen]).tolist() == [45, 45, 10]
    assert np.all(np.diff(chosen) > 0)
    np.testing.assert_array_equal(choose_evenly(classes, 5000, seed=0), np.arange(1000))
    assert not np.array_equal(chosen, choose_evenly(classes, 100, seed=1))


def test_images_chosen_at_random_are_distinct_and_ascending() -> None:
    chosen = choose_at_random(50, 20, seed=0)
    assert len(chosen) == 20
    assert np.all(np.diff(chosen) > 0)
    np.testing.assert_array_equal(choose_at_random(5, 20, seed=0), np.arange(5))
