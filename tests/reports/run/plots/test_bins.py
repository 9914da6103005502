from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from astroclf.evaluation.metrics.bins import Bin, BinnedAccuracy, Share
from astroclf.reports.run.plots.bins import accuracy_bins, class_bins

STARS = Share(0.9, 20, (0.7, 0.95))
TABLE = BinnedAccuracy(
    "mag_r",
    (
        Bin(14, 18, 30, 0.9, (0.8, 0.95), {"star": STARS, "galaxy": Share(0.5, 8, (0.2, 0.8))}),
        Bin(18, 22, 20, 0.7, None, {"star": Share(0.6, 20, None)}),
    ),
    50,
    50,
)


def test_accuracy_is_at_the_center_of_each_bin() -> None:
    figure = Figure()
    accuracy_bins(TABLE).paint(figure)
    line = figure.axes[0].containers[1].lines[0]
    np.testing.assert_allclose(line.get_xdata(), [16, 20])
    np.testing.assert_allclose(line.get_ydata(), [0.9, 0.7])


def test_each_class_has_points_where_it_has_images() -> None:
    figure = Figure()
    chart = class_bins(TABLE, ("star", "galaxy", "quasar"), "completeness")
    chart.paint(figure)
    lines = {each.get_label(): each.lines[0] for each in figure.axes[0].containers}
    assert set(lines) == {"star", "galaxy"}
    np.testing.assert_allclose(lines["star"].get_ydata(), [0.9, 0.6])
    np.testing.assert_allclose(lines["galaxy"].get_ydata(), [0.5])
    assert chart.name == "completeness-mag_r"


@pytest.mark.parametrize("metric", ["completeness", "purity"])
def test_limits_show_the_lowest_interval(metric: str) -> None:
    figure = Figure()
    class_bins(TABLE, ("star", "galaxy"), metric).paint(figure)  # type: ignore[arg-type]
    assert figure.axes[0].get_ylim()[0] == pytest.approx(0.15 if metric == "completeness" else 0.95)
