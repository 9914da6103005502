"""Results of a finished training: decision, bundle, report, tracker and summary agree."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

import astroclf.tasks.datasets as datasets_module
from astroclf.bundle import read_bundle
from astroclf.data.dataset import ImageDataset
from astroclf.data.sources import load_dataset

TUNED = (
    "dataset.n_images=400",
    "dataset.image_px=16",
    "model.widths=[4]",
    "model.hidden_units=[8]",
    "evaluation.bootstrap_resamples=0",
    "evaluation.threshold=macro_f1",
    "evaluation.tta_views=8",
    "evaluation.report=false",
    "trainer.batch_size=32",
)


def with_other_test_labels(dataset: ImageDataset) -> ImageDataset:
    test = dataset.split == "test"
    targets = dataset.targets.copy()
    targets[test] = (targets[test] + 1) % len(dataset.classes)
    return replace(dataset, targets=targets)


def read_rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "predictions.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def tuned_run(train_run: Callable[..., Path]) -> Path:
    return train_run(*TUNED)


def test_test_labels_change_neither_the_decision_nor_metrics_of_val(
    train_run: Callable[..., Path], tuned_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        datasets_module, "load_dataset", lambda chosen: with_other_test_labels(load_dataset(chosen))
    )
    other = train_run(*TUNED)
    mine, theirs = (
        json.loads((folder / "metrics.json").read_text()) for folder in (tuned_run, other)
    )
    assert mine["run"]["decision"] == theirs["run"]["decision"]
    assert mine["val"] == theirs["val"]
    assert mine["train"] == theirs["train"]
    assert mine["test"] != theirs["test"]
    bundles = [json.loads((run / "bundle/bundle.json").read_text()) for run in (tuned_run, other)]
    assert bundles[0]["decision"] == bundles[1]["decision"]
    rows = [read_rows(run) for run in (tuned_run, other)]
    assert [row["label"] for row in rows[0]] == [row["label"] for row in rows[1]]


def test_bundle_predicts_the_labels_of_its_run(settings: Any, tuned_run: Path) -> None:
    dataset = load_dataset(settings(*TUNED).dataset)
    bundle = read_bundle(tuned_run / "bundle")
    assert bundle.predictor.tta_views == 8
    assert bundle.decision.class_factors is not None, "or nothing would be shown"
    assert bundle.decision.temperature != 1
    labels = dict(zip(dataset.ids, bundle.label(dataset.images), strict=True))
    probabilities = dict(zip(dataset.ids, bundle.predict(dataset.images), strict=True))
    rows = read_rows(tuned_run)
    assert len(rows) == len(dataset)
    assert [row["label"] for row in rows] == [labels[row["id"]] for row in rows]
    for row in rows:
        written = [float(row[f"p_{name}"]) for name in bundle.classes]
        np.testing.assert_allclose(written, probabilities[row["id"]], atol=1e-5)
    plain = [bundle.classes[int(probabilities[row["id"]].argmax())] for row in rows]
    assert plain != [row["label"] for row in rows], "the factors change some labels"


def test_metrics_are_of_the_tuned_labels(tuned_run: Path) -> None:
    metrics = json.loads((tuned_run / "metrics.json").read_text())
    rows = [row for row in read_rows(tuned_run) if row["split"] == "test"]
    expected = f1_score([r["truth"] for r in rows], [r["label"] for r in rows], average="macro")
    assert metrics["test"]["macro_f1"]["value"] == pytest.approx(expected, abs=1e-9)


def test_report_gives_the_reason_why_labels_were_not_tuned(train_run: Callable[..., Path]) -> None:
    folder = train_run("model.widths=[4]", "trainer.epochs=1", "evaluation.threshold=macro_f1")
    page = (folder / "report.html").read_text()
    assert "fewer than the 20 that tuning needs" in page
    assert "that calibration needs" in page
    decision = json.loads((folder / "bundle/bundle.json").read_text())["decision"]
    assert (decision["class_factors"], decision["temperature"]) == (None, 1.0)


def test_logit_adjustment_is_in_the_report_and_the_bundle(train_run: Callable[..., Path]) -> None:
    folder = train_run("model.widths=[4]", "trainer.epochs=1", "evaluation.logit_adjustment=1")
    page = (folder / "report.html").read_text()
    assert "rare in train" in page
    assert "the label of its highest probability times class factor" in page
    truth = [row["truth"] for row in read_rows(folder) if row["split"] == "train"]
    bundle = read_bundle(folder / "bundle")
    rarity = np.array([1 / truth.count(name) for name in bundle.classes])
    np.testing.assert_allclose(bundle.decision.class_factors, rarity / rarity.sum())


def test_without_a_report_every_other_result_is_written(tuned_run: Path) -> None:
    names = {file.name for file in tuned_run.iterdir()}
    assert {"metrics.json", "predictions.csv", "history.csv", "bundle"} <= names
    assert "report.html" not in names
