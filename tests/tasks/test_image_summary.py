"""Summary of training images, and the labels that it stands for."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from astroclf.bundle import Bundle
from astroclf.data.dataset import ImageDataset
from astroclf.data.image_statistics import image_statistics
from astroclf.evaluation.shift import ALL, ImageSummary
from astroclf.tasks.image_summary import (
    TRAINING_IMAGES,
    summarize_images,
    training_labels,
    training_summary,
)

Make = Callable[..., ImageDataset]


def model_of(classes: tuple[str, ...], **facts: Any) -> Bundle:
    return cast("Bundle", SimpleNamespace(classes=classes, facts=facts))


def test_summary_has_counts_and_quantiles_of_each_class(make_dataset: Make) -> None:
    dataset = make_dataset(30, px=16, n_classes=3)
    positions = np.arange(3, 30)
    summary = summarize_images(dataset, positions)
    assert summary.class_counts == {"a": 9, "b": 9, "c": 9}
    flux = image_statistics(dataset, positions)["flux"]
    medians = {
        name: distribution.quantile(0.5)
        for name, distribution in summary.quantities["flux"].items()
    }
    assert medians[ALL] == pytest.approx(np.median(flux), rel=1e-4)
    assert medians["b"] == pytest.approx(np.median(flux[dataset.targets[positions] == 1]), rel=1e-4)
    scale = dataset.pixels.pixel_scale_arcsec
    assert scale is not None
    px, arcsec = (
        summary.quantities[f"half_light_radius_{unit}"][ALL].quantile(0.5)
        for unit in ("px", "arcsec")
    )
    assert arcsec == pytest.approx(px * scale, rel=1e-4, nan_ok=True)


def test_summary_is_read_back_from_a_bundle(make_dataset: Make) -> None:
    dataset = make_dataset(12)
    summary = summarize_images(dataset, np.arange(12))
    model = model_of(dataset.classes, **{TRAINING_IMAGES: summary.model_dump(mode="json")})
    assert training_summary(model) == summary
    labels = training_labels(model)
    assert labels is not None
    assert np.bincount(labels.targets).tolist() == [6, 6]


def test_labels_are_in_the_order_of_the_model(make_dataset: Make) -> None:
    summary = ImageSummary(n=4, class_counts={"a": 3, "b": 1}, mean_votes={}, quantities={})
    labels = training_labels(model_of(("b", "a"), **{TRAINING_IMAGES: summary.model_dump()}))
    assert labels is not None
    assert np.bincount(labels.targets).tolist() == [1, 3]


def test_mean_votes_are_the_constant_prediction(make_dataset: Make) -> None:
    dataset = make_dataset(12, n_classes=3, votes=True)
    summary = summarize_images(dataset, np.arange(12))
    labels = training_labels(model_of(dataset.classes, **{TRAINING_IMAGES: summary.model_dump()}))
    assert labels is not None
    constant, _ = labels.constant_prediction(2)
    assert constant[0] == pytest.approx(dataset.targets.mean(axis=0), abs=1e-6)


def test_bundles_of_former_versions_state_the_counts_in_their_metrics() -> None:
    metrics = {"per_class": {"train": {"a": {"n": 2}, "b": {"n": 5}}}}
    labels = training_labels(model_of(("a", "b"), metrics=metrics))
    assert labels is not None
    assert np.bincount(labels.targets).tolist() == [2, 5]
    assert training_labels(model_of(("a", "b"))) is None
