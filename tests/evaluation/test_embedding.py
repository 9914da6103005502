from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from astroclf.errors import UserError
from astroclf.evaluation.embedding import nearest, project_pca, project_umap, standardize


@pytest.fixture
def features() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(size=(300, 12)) @ rng.normal(size=(12, 12))).astype(np.float32)


def test_standardized_features_are_those_of_scikit_learn(features: np.ndarray) -> None:
    expected = StandardScaler().fit_transform(features.astype(np.float64))
    np.testing.assert_allclose(standardize(features), expected, atol=1e-10)


def test_constant_features_are_left_out(features: np.ndarray) -> None:
    features[:, 3] = 0.1
    assert standardize(features).shape == (300, 11)


def test_pca_is_that_of_scikit_learn_with_its_variance(features: np.ndarray) -> None:
    values = standardize(features)
    pca = PCA(2, random_state=0)
    found = project_pca(values, 0)
    np.testing.assert_allclose(np.abs(found.points), np.abs(pca.fit_transform(values)), atol=1e-8)
    assert found.variance == pytest.approx(pca.explained_variance_ratio_)


def test_pca_of_one_feature_has_a_second_component_of_zero() -> None:
    found = project_pca(np.arange(5.0)[:, None], 0)
    assert np.ptp(found.points[:, 0]) == pytest.approx(4)
    assert not found.points[:, 1].any()


def test_neighbors_and_distances_are_those_of_scikit_learn(features: np.ndarray) -> None:
    queries = np.array([5, 0, 299])
    found, distances = nearest(features.astype(np.float64), queries, 4)
    expected_distances, expected = (
        NearestNeighbors(n_neighbors=5).fit(features).kneighbors(features[queries])
    )
    np.testing.assert_array_equal(found, expected[:, 1:])  # the first one is the image itself
    np.testing.assert_allclose(distances, expected_distances[:, 1:], rtol=1e-4)


def test_umap_without_umap_learn_is_refused_with_the_command(
    features: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, "umap", raising=False)
    with pytest.raises(UserError, match=r"inspect.map=umap.*pip install umap-learn"):
        project_umap(features, 0)


@pytest.mark.slow
def test_umap_separates_groups_of_features() -> None:
    pytest.importorskip("umap")
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1], 60)
    values = rng.normal(size=(120, 8)) + 12 * group[:, None]
    points = project_umap(values, 0).points
    found, _ = nearest(points, np.arange(120), 5)
    assert np.mean(group[found] == group[:, None]) > 0.98
