from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from astroclf.evaluation.decisions.cross_fitting import cross_fit, stratified_folds


@given(
    targets=st.lists(st.integers(0, 3), max_size=80).map(lambda y: np.array(y, dtype=np.int64)),
    seed=st.integers(0, 100),
)
def test_folds_share_every_class_evenly(targets, seed):
    folds = stratified_folds(targets, seed)
    np.testing.assert_array_equal(folds, stratified_folds(targets, seed))
    for chosen in [targets >= 0, *(targets == k for k in range(4))]:
        counts = np.bincount(folds[chosen], minlength=5)
        assert len(counts) == 5
        assert counts.max() - counts.min() <= 1


def test_the_seed_shuffles_the_folds():
    targets = np.zeros(50, dtype=np.int64)
    assert (stratified_folds(targets, 0) != stratified_folds(targets, 1)).any()


def test_groups_stay_whole_and_are_dealt_out_by_their_class():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 60, 900)
    targets = (groups % 3 == 0).astype(np.int64)
    folds = stratified_folds(targets, 0, groups)
    for group in np.unique(groups):
        assert len(np.unique(folds[groups == group])) == 1
    for k in (0, 1):
        counts = [len(np.unique(groups[(folds == f) & (targets == k)])) for f in range(5)]
        assert max(counts) - min(counts) <= 1
        images = np.bincount(folds[targets == k], minlength=5)
        assert images.max() < 1.4 * images.min()


def test_groups_of_one_image_are_as_images_alone():
    targets = np.random.default_rng(0).integers(0, 3, 50)
    alone = stratified_folds(targets, 3)
    np.testing.assert_array_equal(alone, stratified_folds(targets, 3, np.arange(50)))


def test_each_image_is_decided_by_the_other_folds():
    values = np.arange(20.0)
    folds = np.arange(20) % 5

    def mean_of_others(fitted_on, held):
        return np.full(held.sum(), values[fitted_on].mean())

    found = cross_fit(mean_of_others, folds)
    for image in range(20):
        assert found[image] == values[folds != folds[image]].mean()
