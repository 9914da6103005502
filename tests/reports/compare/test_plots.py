from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.paired.comparison import Comparison
from astroclf.evaluation.paired.contender import Contender
from astroclf.evaluation.paired.differences import BinDifference, Difference
from astroclf.reports.canvas import Chart
from astroclf.reports.compare import plots

RNG = np.random.default_rng(0)
TARGETS = RNG.integers(0, 2, 80)


def network() -> Predicted:
    p = np.clip(0.5 + 0.3 * (TARGETS - 0.5) + RNG.normal(0, 0.2, 80), 0.01, 0.99)
    return Predicted.most_probable(np.stack([1 - p, p], axis=1))


def comparison(n_networks: int = 1, folds: np.ndarray | None = None) -> Comparison:
    contenders = [
        Contender("a", [network() for _ in range(n_networks)]),
        Contender("b", [network()], folds=folds),
    ]
    labels = make_labels(TARGETS, ["galaxy", "star"])
    return Comparison(contenders, labels, np.arange(80).astype(str), [], 0, 100)


def lines(chart: Chart) -> list[tuple[np.ndarray, np.ndarray]]:
    with chart.painted() as figure:
        return [(line.get_xdata(), line.get_ydata()) for line in figure.axes[0].lines]


def test_purity_and_completeness_are_precision_and_recall_of_scikit_learn() -> None:
    scores = np.round(RNG.random(80), 1)  # with ties
    completeness, purity = plots.purity_completeness((scores, TARGETS == 1))
    precision, recall, _ = precision_recall_curve(TARGETS == 1, scores)
    np.testing.assert_allclose(completeness, recall[-2::-1])
    np.testing.assert_allclose(purity, precision[-2::-1])


def test_each_run_has_a_curve_of_each_of_its_networks_and_folds() -> None:
    roc, purity = plots.ranking_curves(comparison(3, np.arange(80) % 4))
    assert (roc.name, purity.name) == ("roc_star", "purity_completeness_star")
    assert len(lines(roc)) == len(lines(purity)) == 3 + 4


def test_reliability_has_a_line_a_run() -> None:
    assert len(lines(plots.reliability_curves(comparison(), 10))) == 1 + 2  # and the diagonal


def test_differences_without_an_interval_are_points() -> None:
    known = Difference("recall", 0.8, 0.9, (0.05, 0.15))
    unknown = Difference("recall", 0.8, 0.7)
    drawn = lines(
        plots.difference_chart("x", "recall", [("star", known), ("$quasar", unknown)], "B − A")
    )
    assert len(drawn) == 1 + 2 + 1
    assert drawn[1][0] == pytest.approx((0.05, 0.15))
    assert drawn[3][0] == pytest.approx([-0.1])


def test_bins_span_their_range() -> None:
    bins = [BinDifference(15, 17, 40, Difference("accuracy", 0.8, 0.9, (0.0, 0.2)))]
    drawn = lines(plots.bin_chart("x", "mag_r", bins, "B − A"))
    assert list(drawn[1][0]) == [15, 17]
    assert drawn[3][0] == pytest.approx([16])
