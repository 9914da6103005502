"""Projections of features to two dimensions, and nearest neighbors in feature space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroclf.errors import UserError

CHUNK = 256  # rows of distances at a time


@dataclass(frozen=True, eq=False)
class Projection:
    """Features in two dimensions.

    name: "PCA" or "UMAP". points: (N, 2) float64. variance: fraction of the variance of the features
    along each axis, of PCA alone.
    """

    name: str
    points: np.ndarray
    variance: tuple[float, float] | None = None


def standardize(features: np.ndarray) -> np.ndarray:
    """Return (N, F) float64 features of mean 0 and variance 1 each, without constant ones.

    Features of a network have scales that mean nothing: the layer that follows undoes them.
    """
    values = features.astype(np.float64)
    spread = values.std(axis=0)
    varying = spread > 1e-9 * np.maximum(1, np.abs(values).max(axis=0, initial=0))
    return (values[:, varying] - values[:, varying].mean(axis=0)) / spread[varying]


def project_pca(features: np.ndarray, seed: int) -> Projection:
    """Return the two principal components of standardized features (N, F); N >= 2.

    A component that the features do not have is 0.
    """
    from sklearn.decomposition import PCA

    points = np.zeros((len(features), 2))
    n_components = min(2, *features.shape)
    if n_components == 0:
        return Projection("PCA", points, (0.0, 0.0))
    pca = PCA(n_components, random_state=seed)
    points[:, :n_components] = pca.fit_transform(features)
    shares = [*pca.explained_variance_ratio_.tolist(), 0.0, 0.0]
    return Projection("PCA", points, (shares[0], shares[1]))


def umap_is_installed() -> bool:
    """Return whether umap-learn can be imported."""
    from importlib.util import find_spec

    return find_spec("umap") is not None


def project_umap(features: np.ndarray, seed: int) -> Projection:
    """Return standardized features (N, F) in two dimensions by UMAP (McInnes et al. 2018,
    arXiv:1802.03426), with 15 neighbors or as many as there are.

    Raise UserError if umap-learn is not installed.
    """
    if not umap_is_installed():
        raise UserError(
            "inspect.map=umap: umap-learn is not installed. Run: pip install umap-learn, or set inspect.map=pca."
        )
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numba, and of a seed that disables its threads
        from umap import UMAP

        reducer = UMAP(n_neighbors=min(15, len(features) - 1), random_state=seed, n_jobs=1)
        points = reducer.fit_transform(features)
    return Projection("UMAP", np.asarray(points, dtype=np.float64))


def nearest(features: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return positions (Q, k) and Euclidean distances (Q, k) of the nearest other images, the nearest first.

    features: (N, F). queries: (Q,) positions, each left out of its own neighbors; k < N.
    """
    found, distances = [], []
    squares = (features**2).sum(axis=1)
    for start in range(0, len(queries), CHUNK):
        of = queries[start : start + CHUNK]
        square = squares[of][:, None] + squares - 2 * features[of] @ features.T
        square[np.arange(len(of)), of] = np.inf
        order = np.argsort(square, axis=1, kind="stable")[:, :k]
        found.append(order)
        distances.append(np.sqrt(np.maximum(np.take_along_axis(square, order, axis=1), 0)))
    if not found:
        return np.empty((0, k), np.int64), np.empty((0, k))
    return np.concatenate(found), np.concatenate(distances)
