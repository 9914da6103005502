from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from astroclf.reports.run.plots.intervals import error_bars


def test_bars_reach_from_the_lower_to_the_upper_bound() -> None:
    axes = Figure().subplots()
    error_bars(axes, np.array([1.0]), np.array([0.5]), [(0.3, 0.9)])
    ((start, end),) = axes.containers[0].lines[2][0].get_segments()
    np.testing.assert_allclose([start, end], [[1, 0.3], [1, 0.9]])
