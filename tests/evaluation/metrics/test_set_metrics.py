"""Figures of prediction sets: by hand, with intervals of the right kind."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.metrics.set_metrics import score_sets
from astroclf.evaluation.resampling import Resampling

SETS = np.array([[1, 0], [1, 1], [0, 0], [0, 1], [1, 0]], dtype=bool)
TARGETS = np.array([0, 0, 0, 1, 1])
CLASSES = ("galaxy", "star")


def test_figures_by_hand() -> None:
    found = score_sets(SETS, make_labels(TARGETS, CLASSES), Resampling(0, 0))
    values = {name: figure["value"] for name, figure in found.overall.items()}
    assert values == {"coverage": 0.6, "mean_size": 1.0, "empty": 0.2, "multiple": 0.2}
    galaxy = found.per_class["galaxy"]
    assert galaxy["n"] == 3
    assert galaxy["coverage"] == {"value": pytest.approx(2 / 3), "ci95": None}
    assert found.per_class["star"]["coverage"] == {"value": 0.5, "ci95": None}


def test_intervals_of_independent_images_are_wilsons() -> None:
    rng = np.random.default_rng(0)
    targets, sets = rng.integers(2, size=200), rng.random((200, 2)) < 0.8
    found = score_sets(sets, make_labels(targets, CLASSES), Resampling(200, 0))
    for name, of_class in (("all", targets < 2), ("galaxy", targets == 0), ("star", targets == 1)):
        figures = found.overall if name == "all" else found.per_class[name]
        held = sets[np.arange(200), targets][of_class]
        expected = binomtest(int(held.sum()), len(held)).proportion_ci(method="wilson")
        coverage = figures["coverage"]
        assert not isinstance(coverage, int)
        assert coverage["ci95"] == pytest.approx([expected.low, expected.high])
    low, high = found.overall["mean_size"]["ci95"] or (1, 0)
    error = sets.sum(axis=1).std(ddof=1) / np.sqrt(200)
    assert (high - low) / 2 == pytest.approx(1.97 * error, rel=0.2)


def test_intervals_of_groups_are_wider() -> None:
    """20 groups whose 20 images are all covered or all not."""
    groups = np.repeat(np.arange(20), 20)
    sets = np.ones((400, 2), dtype=bool)
    sets[groups < 4] = False
    labels = make_labels(np.zeros(400, np.int64), CLASSES, groups)
    by_group = score_sets(sets, labels, Resampling(100, 0, groups)).overall["coverage"]["ci95"]
    by_image = score_sets(sets, labels, Resampling(100, 0)).overall["coverage"]["ci95"]
    assert by_group is not None
    assert by_image is not None
    assert by_group[1] - by_group[0] > 3 * (by_image[1] - by_image[0])


def test_a_class_without_images_has_no_figures() -> None:
    labels = make_labels(TARGETS, (*CLASSES, "quasar"))
    sets = np.column_stack([SETS, SETS[:, 0]])
    found = score_sets(sets, labels, Resampling(20, 0)).per_class["quasar"]
    assert found.pop("n") == 0
    assert list(found.values()) == [{"value": None, "ci95": None}] * 4
