"""The positive class of two, from its setting to every figure that is of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from astroclf.data.dataset import ImageDataset
from astroclf.errors import UserError
from astroclf.tasks.datasets import order_classes

SHORT = (
    "model.widths=[4]",
    "model.hidden_units=[]",
    "trainer.epochs=1",
    "evaluation.bootstrap_resamples=0",
)


def test_the_positive_class_becomes_the_second_and_targets_follow(
    simulated_dataset: ImageDataset,
) -> None:
    assert simulated_dataset.classes == ("galaxy", "star")
    ordered = order_classes(simulated_dataset, "galaxy")
    assert (ordered.classes, ordered.positive_class) == (("star", "galaxy"), "galaxy")
    before = np.array(simulated_dataset.classes)[simulated_dataset.targets]
    np.testing.assert_array_equal(np.array(ordered.classes)[ordered.targets], before)
    assert order_classes(simulated_dataset, "star") is simulated_dataset


def test_a_positive_class_that_does_not_exist_is_refused(simulated_dataset: ImageDataset) -> None:
    with pytest.raises(UserError, match=r"positive_class=lens: the classes are galaxy, star\."):
        order_classes(simulated_dataset, "lens")


@pytest.mark.parametrize("name", ["Galaxy", "GALAXY ", "galaxy"])
def test_a_positive_class_is_found_in_any_case(simulated_dataset: ImageDataset, name: str) -> None:
    assert order_classes(simulated_dataset, name).positive_class == "galaxy"


@pytest.mark.parametrize("positive", ["galaxy", "star"])
def test_every_metric_of_the_positive_class_names_it(
    positive: str, train_run: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    run = train_run(
        *SHORT, f"evaluation.positive_class={positive}", "trainer.monitor=average_precision"
    )
    with (run / "predictions.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["split"] == "test"]
    truth = np.array([row["truth"] == positive for row in rows])
    metrics = json.loads((run / "metrics.json").read_text())
    probabilities = np.array([float(row[f"p_{positive}"]) for row in rows])
    expected = average_precision_score(truth, probabilities)
    assert metrics["test"]["average_precision"]["value"] == pytest.approx(expected, abs=1e-4)
    of_class = metrics["per_class"]["test"][positive]
    assert of_class["average_precision"] == metrics["test"]["average_precision"]
    assert of_class["roc_auc"]["value"] == pytest.approx(roc_auc_score(truth, probabilities))
    assert metrics["run"]["positive_class"] == positive
    assert metrics["run"]["selection_metric"] == f"val average_precision ({positive})"
    for line in (f"positive: {positive}", f"  average_precision ({positive}) 0."):
        assert line in caplog.text
    assert f"\naverage_precision ({positive}) " in caplog.text
    assert f"average precision ({positive})" in (run / "report.html").read_text()
