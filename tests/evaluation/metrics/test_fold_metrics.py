from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.metrics.fold_metrics import rank_in_folds
from astroclf.evaluation.resampling import Resampling


def unlike_folds(rng, n=1000, folds=10):
    """Scores of ten networks of the same quality (ROC-AUC 0.921) and different calibration."""
    y, fold = rng.integers(0, 2, n), np.arange(n) % folds
    z = rng.normal(size=n) + 2 * (y - 0.5)
    z = (z + rng.normal(0, 0.7, folds)[fold]) * np.exp(rng.normal(0, 0.4, folds))[fold]
    p_1 = 1 / (1 + np.exp(-z))
    return np.stack([1 - p_1, p_1], axis=1), y, fold


def test_ranking_metrics_are_the_means_over_folds() -> None:
    p, y, fold = unlike_folds(np.random.default_rng(0), 300, 3)
    found = rank_in_folds(p, make_labels(y, "ab"), fold, Resampling(50, 0))
    for metric, score in (
        ("roc_auc", roc_auc_score),
        ("average_precision", average_precision_score),
    ):
        of_folds = [score(y[fold == f], p[fold == f, 1]) for f in range(3)]
        assert found[metric]["value"] == pytest.approx(np.mean(of_folds))
        low, high = found[metric]["ci95"]
        assert low < found[metric]["value"] < high


def test_of_several_classes_it_is_the_mean_over_them_too() -> None:
    rng = np.random.default_rng(1)
    y, fold = np.arange(240) % 3, np.arange(240) // 3 % 4
    p = rng.dirichlet(np.ones(3), 240) * 0.8 + 0.2 * np.eye(3)[y]
    expected = [
        roc_auc_score(y[fold == f] == k, p[fold == f, k]) for f in range(4) for k in range(3)
    ]
    found = rank_in_folds(p, make_labels(y, "abc"), fold, Resampling(0, 0))["roc_auc"]
    assert found == {"value": pytest.approx(np.mean(expected)), "ci95": None}


def test_networks_of_different_calibration_do_not_lower_the_roc_auc() -> None:
    rng = np.random.default_rng(0)
    pooled, of_folds = [], []
    for _ in range(20):
        p, y, fold = unlike_folds(rng)
        pooled.append(roc_auc_score(y, p[:, 1]))
        found = rank_in_folds(p, make_labels(y, "ab"), fold, Resampling(0, 0))
        of_folds.append(found["roc_auc"]["value"])
    assert np.mean(of_folds) == pytest.approx(0.921, abs=0.005)
    assert np.mean(pooled) < 0.89


def test_a_fold_with_one_image_of_a_class_leaves_no_interval() -> None:
    rng = np.random.default_rng(2)
    y, fold = np.repeat([0, 1], [60, 15]), np.arange(75) % 5
    fold[60:] = np.repeat(np.arange(5), [4, 4, 3, 3, 1])
    p = rng.dirichlet([1, 1], 75)
    figure = rank_in_folds(p, make_labels(y, ("star", "nova")), fold, Resampling(50, 0))["roc_auc"]
    assert figure["ci95"] is None
    assert figure["note"] == ("no interval: a fold has 1 image of nova, fewer than 2")
