from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from astroclf.evaluation.metrics.confusion import (
    accuracy,
    balanced_accuracy,
    confusion_matrix,
    f1_of_class_1,
    macro_f1,
    mcc,
    youden,
)


def test_confusion_matrix_has_true_classes_in_rows():
    y, label = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0])
    np.testing.assert_array_equal(confusion_matrix(y, label, 3), sk.confusion_matrix(y, label))


IMAGES = st.lists(  # truth, label, weight; of at least two classes
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 5)), min_size=1
).filter(lambda images: len({k for *classes, _ in images for k in classes}) > 1)


@settings(max_examples=40)
@given(IMAGES)
def test_figures_are_those_of_scikit_learn_for_one_set_of_weights_and_for_many(images):
    y, label, w = np.array(images).T
    truth, given = np.eye(4)[y], np.eye(4)[label]
    weights = np.stack([np.ones(len(w)), w])
    sums = [weights @ table for table in (truth, given, truth * given)]
    present = np.unique(y)
    reference = {
        accuracy: sk.accuracy_score(y, label, sample_weight=w),
        balanced_accuracy: sk.recall_score(
            y, label, labels=present, average="macro", sample_weight=w
        ),
        macro_f1: sk.f1_score(y, label, average="macro", sample_weight=w),
        mcc: sk.matthews_corrcoef(y, label, sample_weight=w),
        f1_of_class_1: sk.f1_score(y == 1, label == 1, sample_weight=w, zero_division=0),
    }
    for figure, expected in reference.items():
        of_many = figure(*sums)
        assert of_many.shape == (2,)
        assert of_many[1] == pytest.approx(expected, abs=1e-12), figure.__name__
        assert figure(*(rows[1] for rows in sums)) == of_many[1]
        # The true classes are the same for any labels: one row of them serves many.
        assert figure(sums[0][1], sums[1][1:], sums[2][1:]) == of_many[1:]


def test_youden_is_recall_minus_false_positive_rate_for_many_weightings():
    y, label = np.array([0, 0, 0, 1, 1]), np.array([0, 1, 0, 1, 0])
    truth, given = np.eye(2)[y], np.eye(2)[label]
    weights = np.array([[1, 1, 1, 1, 1], [1, 0, 1, 1, 1]])
    values = youden(*(weights @ table for table in (truth, given, truth * given)))
    np.testing.assert_allclose(values, [1 / 2 - 1 / 3, 1 / 2])


def test_correlation_of_one_class_alone_is_0():
    assert mcc(np.array([3.0, 0]), np.array([3.0, 0]), np.array([3.0, 0])) == 0
