from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from astroclf.reports.canvas import COLUMN_MM, PAGE_MM, draw
from astroclf.reports.run.plots.confusion import confusion_chart

COUNTS = np.array([[8, 2], [1, 4]])


@pytest.mark.parametrize(
    ("by", "diagonal"), [("true", ("80.0 %", "80.0 %")), ("predicted", ("88.9 %", "66.7 %"))]
)
def test_cells_are_fractions_of_their_row_or_column(
    by: Literal["true", "predicted"], diagonal: tuple[str, str]
) -> None:
    chart = draw(confusion_chart(COUNTS, ("star", "galaxy"), by))
    for share in diagonal:
        assert f">{share}</text>" in chart
    assert ">8</text>" in chart


def test_a_class_that_is_never_predicted_has_empty_cells() -> None:
    chart = draw(confusion_chart(np.array([[3, 0], [2, 0]]), ("star", "galaxy"), "predicted"))
    assert ">0.0 %</text>" in chart
    assert "nan" not in chart


@pytest.mark.parametrize(
    ("n", "width", "is_written"), [(12, COLUMN_MM, True), (30, PAGE_MM, False)]
)
def test_many_classes_have_less_text_in_a_larger_figure(
    n: int, width: float, is_written: bool
) -> None:
    chart = confusion_chart(np.eye(n, dtype=int), [f"class {k}" for k in range(n)], "true")
    assert chart.width_mm == width
    assert (">100</text>" in draw(chart)) == is_written
