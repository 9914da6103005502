from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_curve as sklearn_curve

from astroclf.evaluation.metrics.ranking import Ranking, roc_curve


@pytest.mark.parametrize("levels", [3, 1000])
def test_roc_curve_is_that_of_scikit_learn(levels):
    rng = np.random.default_rng(0)
    scores, positive = rng.integers(0, levels, 200) / levels, rng.random(200) < 0.3
    expected = sklearn_curve(positive, scores, drop_intermediate=False)
    np.testing.assert_allclose(roc_curve(scores, positive), expected[:2])


def test_areas_do_not_change_the_weights_they_are_given():
    weights = np.ones((2, 3))
    Ranking(np.array([0.1, 0.5, 0.5]), np.array([True, False, True])).areas(weights)
    assert (weights == 1).all()


def test_no_images_have_no_areas():
    roc_auc, average_precision = Ranking(np.empty(0), np.empty(0, bool)).areas(np.ones((1, 0)))
    assert np.isnan(roc_auc).all()
    assert np.isnan(average_precision).all()
