from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from astroclf.reports.canvas import COLUMN_MM, PAGE_MM
from astroclf.reports.run.plots.panels import Panels


@pytest.mark.parametrize(
    ("n", "width"), [(1, COLUMN_MM), (5, COLUMN_MM), (9, COLUMN_MM), (37, PAGE_MM)]
)
def test_panels_do_not_overlap_and_fill_the_figure(n: int, width: float) -> None:
    panels = Panels(n)
    assert panels.width_mm == width
    boxes = [axes.get_position() for axes in panels.add(Figure())]
    assert len(boxes) == n
    assert all(0 < box.x0 < box.x1 <= 1 and 0 < box.y0 < box.y1 < 1 for box in boxes)
    assert max(box.x1 for box in boxes) > 0.93
    centers = {(round(box.x0, 6), round(box.y0, 6)) for box in boxes}
    assert len(centers) == n
    columns = np.unique([round(box.x0, 6) for box in boxes])
    assert np.all(np.diff(columns) > boxes[0].width)


def test_a_long_title_is_cut() -> None:
    panels = Panels(37)
    assert panels.shortened("smooth") == "smooth"
    assert panels.shortened("x" * 60).endswith("…")
