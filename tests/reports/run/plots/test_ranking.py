from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    precision_score,
    recall_score,
)

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import make_labels
from astroclf.reports.canvas import draw
from astroclf.reports.run.plots.ranking import precision_recall_curves, roc_curves

RNG = np.random.default_rng(0)
TARGETS, P = np.arange(40) % 2, RNG.dirichlet([1, 1], 40)
LABELS, PREDICTED = make_labels(TARGETS, ("star", "galaxy")), Predicted.most_probable(P)
LEGEND = ("of star", "of galaxy")


def painted(chart: Any) -> Any:
    figure = Figure()
    chart.paint(figure)
    return figure.axes[0]


def test_roc_legend_has_the_positive_class_of_two_alone() -> None:
    chart = draw(roc_curves(PREDICTED, LABELS, LEGEND))
    assert "of galaxy" in chart
    assert "of star" not in chart


@pytest.mark.parametrize("k", [0, 1])
def test_purity_and_completeness_are_those_of_scikit_learn(k: int) -> None:
    axes = painted(precision_recall_curves(PREDICTED, LABELS, LEGEND))
    (line,) = (line for line in axes.lines if line.get_label() == LEGEND[k])
    precision, recall, _ = precision_recall_curve(k == TARGETS, P[:, k])
    np.testing.assert_allclose(line.get_xdata()[1:], recall[:-1][::-1])
    np.testing.assert_allclose(line.get_ydata()[1:], precision[:-1][::-1])
    area = np.sum(np.diff(line.get_xdata()) * line.get_ydata()[1:])
    assert area == pytest.approx(average_precision_score(k == TARGETS, P[:, k]))
    dots = [
        (*each.get_xdata(), *each.get_ydata()) for each in axes.lines if each.get_marker() == "o"
    ]
    truth, given = k == TARGETS, PREDICTED.labels == k
    assert dots[k] == pytest.approx((recall_score(truth, given), precision_score(truth, given)))


def test_a_class_without_images_has_no_curve() -> None:
    labels = make_labels(TARGETS, ("star", "galaxy", "quasar"))
    predicted = Predicted.most_probable(RNG.dirichlet([1, 1, 1], 40))
    chart = draw(precision_recall_curves(predicted, labels, ("a", "b", "quasar")))
    assert "quasar" not in chart
