from __future__ import annotations

import warnings

import numpy as np
import pytest

from astroclf.evaluation.label_errors import find_label_errors

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    cleanlab_count = pytest.importorskip("cleanlab.count")
    cleanlab_filter = pytest.importorskip("cleanlab.filter")


def noisy_labels(
    n: int, n_classes: int, seed: int, rate: float = 0.12
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return calibrated probabilities, true classes and labels, of which a share is wrong."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(n_classes, n, p=rng.dirichlet(np.full(n_classes, 5.0)))
    logits = rng.normal(size=(n, n_classes)) + 3.0 * np.eye(n_classes)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.where(rng.random(n) < rate, rng.integers(n_classes, size=n), truth)
    return probabilities, truth, labels


@pytest.mark.parametrize(("n", "n_classes", "seed"), [(400, 2, 0), (900, 3, 1), (2000, 7, 2)])
def test_errors_and_their_order_are_those_of_cleanlab(n: int, n_classes: int, seed: int) -> None:
    probabilities, _, labels = noisy_labels(n, n_classes, seed)
    found = find_label_errors(probabilities, labels)
    expected = cleanlab_filter.find_label_issues(
        labels,
        probabilities,
        filter_by="confident_learning",
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    assert len(expected) > 10
    np.testing.assert_array_equal(found.positions, expected)


def test_the_joint_distribution_is_that_of_cleanlab() -> None:
    probabilities, _, labels = noisy_labels(3000, 4, 5)
    expected = cleanlab_count.estimate_joint(labels, probabilities)
    # cleanlab rounds to whole images.
    np.testing.assert_allclose(
        find_label_errors(probabilities, labels).joint, expected, atol=1.01 / 3000
    )


def test_suggested_classes_are_mostly_the_true_ones() -> None:
    probabilities, truth, labels = noisy_labels(5000, 3, 3)
    found = find_label_errors(probabilities, labels)
    wrong = np.flatnonzero(labels != truth)
    assert np.mean(np.isin(wrong, found.positions)) > 0.7
    assert np.mean(found.suggested == truth[found.positions]) > 0.8
    assert found.rate == pytest.approx(np.mean(labels != truth), abs=0.03)


def test_the_least_probable_label_comes_first() -> None:
    probabilities, _, labels = noisy_labels(500, 3, 4)
    found = find_label_errors(probabilities, labels)
    of_label = probabilities[found.positions, labels[found.positions]]
    assert np.all(np.diff(of_label) >= 0)
    assert np.all(found.suggested != labels[found.positions])


def test_certain_correct_labels_have_no_errors() -> None:
    labels = np.array([0, 1, 2] * 20)
    found = find_label_errors(np.eye(3)[labels], labels)
    assert len(found.positions) == 0
    assert found.rate == 0


def test_a_class_without_images_suggests_nothing() -> None:
    probabilities, _, labels = noisy_labels(300, 3, 6)
    labels = np.where(labels == 2, 0, labels)
    found = find_label_errors(probabilities, labels)
    assert 2 not in found.suggested
    assert found.joint.sum() == pytest.approx(1)
