from __future__ import annotations

import numpy as np
import pytest

from astroclf.reports.canvas import draw
from astroclf.reports.repeat.content import Spread, TrainingLine
from astroclf.reports.repeat.plots import confusion_shares, monitored_curves, spread_points

COUNTS = np.array([[8.0, 2.0], [5.0, 5.0]])


def texts(svg: str) -> list[str]:
    return [part.split("</text>")[0].rpartition(">")[2] for part in svg.split("<text")[1:]]


def test_confusion_is_shown_by_true_and_by_predicted_class() -> None:
    by_truth, by_label = (texts(draw(chart)) for chart in confusion_shares(COUNTS, ["a", "b"]))
    assert {"80.0%", "20.0%", "50.0%"} <= set(by_truth)
    assert {"61.5%", "38.5%", "28.6%", "71.4%"} <= set(by_label)


def test_a_class_without_images_has_empty_cells() -> None:
    by_truth, _ = confusion_shares(np.array([[4.0, 0.0], [0.0, 0.0]]), ["a", "b"])
    assert [text for text in texts(draw(by_truth)) if "%" in text] == ["100.0%", "0.0%"]


@pytest.mark.parametrize("value", [0.5, None])
def test_a_point_is_drawn_for_each_training_with_a_value(value: float | None) -> None:
    names = ["fold-0", "fold-1", "fold-2"]
    spread = Spread(value, None, None, (0.4, None, 0.6))
    shown = texts(draw(spread_points("accuracy", "accuracy", spread, names)))
    assert {"0", "1", "2", "fold", "accuracy"} <= set(shown)


def test_curves_name_each_training() -> None:
    lines = [TrainingLine(f"seed-{n}", "", 1, 1.0, {1: 0.5, 2: 0.6}) for n in range(3)]
    assert {"seed-0", "seed-1", "seed-2", "val loss"} <= set(
        texts(draw(monitored_curves(lines, "loss")))
    )
