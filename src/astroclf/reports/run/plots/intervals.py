"""Points with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from astroclf.reports.canvas import PALETTE


def error_bars(
    axes: Any,
    x: np.ndarray,
    values: np.ndarray,
    bounds: Sequence[tuple[float, float]],
    **style: Any,
) -> None:
    """Draw points with intervals; style: of matplotlib's errorbar."""
    low, high = np.array(bounds).T
    lengths = np.maximum(0, [values - low, high - values])
    given = {"fmt": "o", "color": PALETTE[0], "markersize": 3, "elinewidth": 0.7, **style}
    axes.errorbar(x, values, yerr=lengths, **given)
