from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from astroclf.evaluation.labels import make_labels
from astroclf.reports.canvas import draw
from astroclf.reports.run.plots.histograms import MOST_PANELS, probability_histograms

RNG = np.random.default_rng(0)


def test_two_classes_share_one_histogram_of_class_1() -> None:
    targets, p = np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.88, 0.12], [0.2, 0.8]])
    figure = Figure()
    probability_histograms(p, make_labels(targets, ("star", "galaxy"))).paint(figure)
    (axes,) = figure.axes
    stars, galaxies = (patch for patch in axes.patches if not patch.get_fill())
    assert stars.get_data().values[2] == 2  # both in 0.1 - 0.15
    assert galaxies.get_data().values[16] == 1


def test_each_class_has_a_panel_up_to_the_most_frequent_ones() -> None:
    for n, panels in ((5, 5), (15, MOST_PANELS)):
        targets = np.repeat(np.arange(n), np.arange(1, n + 1))
        labels = make_labels(targets, [f"class {k}" for k in range(n)])
        chart = draw(probability_histograms(RNG.dirichlet(np.ones(n), len(targets)), labels))
        assert chart.count(">class ") == panels
        assert f">class {n - 1}<" in chart
