"""Sections of the report on classes."""

from __future__ import annotations

import numpy as np

from astroclf.evaluation.metrics.bins import Bin, BinnedAccuracy, Share
from astroclf.reports.canvas import PALETTE
from astroclf.reports.run.class_sections import class_sections, columns
from fixtures.reports import classes_result, content

SHARE = {"class 7": Share(0.5, 4, (0.1, 0.9))}
ROW = Bin(14, 18, 30, 0.9, (0.8, 0.95), SHARE, SHARE)


def test_the_charts_of_a_column_have_the_most_frequent_classes_if_there_are_many() -> None:
    shown = classes_result(
        400, 9, binned=[BinnedAccuracy("r", (ROW,), 30, 400), BinnedAccuracy("g", (), 0, 400)]
    )
    (entry,) = columns(shown)  # the column without values has no charts
    counts = np.bincount(shown.labels.targets, minlength=9)
    assert len(entry["classes"]) == len(PALETTE)
    chosen = [int(name.removeprefix("class ")) for name in entry["classes"]]
    assert set(np.argsort(-counts, kind="stable")[: len(PALETTE)]) == set(chosen)
    assert [chart.name for chart in entry["by_class"]] == ["completeness-r", "purity-r"]


def test_counts_are_those_of_the_confusion_matrix() -> None:
    shown = classes_result(50, 3)
    values = class_sections(content({"test": shown}))
    assert np.sum(values["counts"]) == 50
    hits = np.sum(shown.labels.targets == shown.predicted.labels)
    assert np.trace(values["counts"]) == hits
    assert [chart.name for chart in values["confusions"]] == [
        "confusion-by_true",
        "confusion-by_predicted",
    ]
    assert "columns" not in dict(values["nav"])
