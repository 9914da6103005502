"""Debugging aids: overfitting a few images, profiling, and anomaly detection."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from astroclf.errors import UserError
from astroclf.tasks.debug import choose_images, debug_dataset, debug_settings, detect_anomaly
from astroclf.training.loop import DivergenceError

TINY = ("dataset.image_px=16", "model.widths=[8]", "model.hidden_units=[16]")


def test_overfit_reaches_full_accuracy_and_is_no_result(
    train_run: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "astroclf"):
        run = train_run(*TINY, "debug=overfit", "optimizer.lr=3e-3", "model.dropout=0")
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["val"]["accuracy"]["value"] == 1
    assert "test" not in metrics
    assert metrics["run"]["epochs"] < 300
    assert "accuracy 100 % after" in caplog.text
    assert any("the metrics are no result" in text for text in metrics["run"]["warnings"])
    assert "the metrics are no result" in (run / "report.html").read_text()


def test_overfit_warns_of_images_that_are_not_fitted(train_run: Callable[..., Path]) -> None:
    run = train_run(*TINY, "debug=overfit", "debug.epochs=1", "optimizer.lr=1e-12")
    warnings = json.loads((run / "metrics.json").read_text())["run"]["warnings"]
    assert any("after 1 epochs, not 100 %" in text for text in warnings)


def test_overfit_takes_the_same_images_of_each_class_as_train_and_val(
    settings: Any, make_dataset: Any
) -> None:
    dataset = make_dataset(60, n_classes=4)
    chosen = debug_dataset(settings("debug=overfit"), dataset)
    train, val = chosen.indices("train"), chosen.indices("val")
    np.testing.assert_array_equal(chosen.images[train], chosen.images[val])
    assert chosen.split_names == ("train", "val")
    assert np.bincount(chosen.targets[train]).tolist() == [2, 2, 2, 2]
    assert len(set(chosen.ids)) == 16
    assert set(choose_images(dataset, 8)) <= set(dataset.indices("train"))


def test_overfit_takes_the_first_images_of_vote_fractions(make_dataset: Any) -> None:
    dataset = make_dataset(60, votes=True)
    np.testing.assert_array_equal(choose_images(dataset, 8), dataset.indices("train")[:8])


def test_overfit_disables_augmentation_schedule_and_early_stopping(settings: Any) -> None:
    chosen = debug_settings(settings("debug=overfit", "trainer.patience=3"))
    assert (chosen.augment.name, chosen.scheduler.name) == ("none", "none")
    assert (chosen.trainer.epochs, chosen.trainer.patience) == (300, None)


def test_without_a_debugging_aid_nothing_changes(settings: Any, make_dataset: Any) -> None:
    chosen, dataset = settings(), make_dataset(12)
    assert debug_settings(chosen) is chosen
    assert debug_dataset(chosen, dataset) is dataset


@pytest.mark.parametrize("steps", [2, 500], ids=["within the run", "longer than the run"])
def test_profile_writes_a_trace_and_logs_the_most_expensive_operations(
    train_run: Callable[..., Path], caplog: pytest.LogCaptureFixture, steps: int
) -> None:
    with caplog.at_level(logging.INFO, "astroclf"):
        run = train_run(*TINY, "debug=profile", "debug.skip_steps=1", f"debug.steps={steps}")
    events = json.loads((run / "profile.json").read_text())["traceEvents"]
    names = {event.get("name") for event in events}
    assert "aten::convolution" in names
    assert "Self CPU" in caplog.text
    assert "profile.json" in caplog.text


def test_anomaly_names_the_operation_of_a_nan_gradient(settings: Any) -> None:
    x = torch.zeros(2, requires_grad=True)
    with (
        pytest.warns(UserWarning, match="Traceback of forward call"),
        pytest.raises(
            DivergenceError, match="debug=anomaly: Function 'SqrtBackward0' returned nan"
        ),
        detect_anomaly(settings("debug=anomaly")),
    ):
        (torch.sqrt(x) * 0).sum().backward()
    assert not torch.is_anomaly_enabled()


def test_anomaly_detection_is_off_otherwise(settings: Any) -> None:
    with detect_anomaly(settings()):
        assert not torch.is_anomaly_enabled()


@pytest.mark.parametrize("override", ["task=crossval", "seeds=[1,2]"])
def test_debugging_several_trainings_is_refused(settings: Any, override: str) -> None:
    with pytest.raises(UserError, match="debug=profile: only for a single training"):
        settings("debug=profile", override)
