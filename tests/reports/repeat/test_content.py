from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from fixtures.repeats import repeat_content


def test_mean_confusion_is_the_mean_of_the_matrices_of_the_seeds() -> None:
    content = repeat_content()
    matrices = [
        confusion_matrix(content.labels.targets, each.labels, labels=range(3))
        for each in content.predictions
    ]
    assert content.mean_confusion == pytest.approx(np.mean(matrices, axis=0))


def test_figures_are_those_of_the_evaluated_split() -> None:
    content = repeat_content()
    assert content.figures is content.spreads["test"]
    assert content.headline == "accuracy"
