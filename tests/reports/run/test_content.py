from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from astroclf.data.dataset import ImageDataset
from astroclf.reports.run.content import ReportContent
from fixtures.evaluations import evaluate_guess


def content_of(settings: Any, dataset: ImageDataset) -> ReportContent:
    return ReportContent(
        title="cnn on noise",
        evaluation=evaluate_guess(dataset, settings("evaluation.bootstrap_resamples=0")),
        thumbnails=lambda positions: np.zeros((len(positions), 8, 8, 3), np.uint8),
        history=[],
        monitor="loss",
        best_epoch=1,
        calibration_bins=10,
        resamples=0,
    )


def test_the_classes_are_those_of_the_shown_split(settings: Any, make_dataset: Any) -> None:
    dataset = make_dataset(60)
    assert tuple(content_of(settings, dataset).classes) == dataset.classes


@pytest.mark.parametrize("has_groups", [False, True])
def test_groups_are_resampled_where_the_dataset_has_them(
    settings: Any, make_dataset: Any, has_groups: bool
) -> None:
    dataset = make_dataset(60)
    groups = (np.arange(60) // 2).astype(str) if has_groups else None
    grouped = replace(dataset, groups=groups)
    assert content_of(settings, grouped).resampled_groups == has_groups
