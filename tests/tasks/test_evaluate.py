"""task=evaluate on a small model: its files, its honest names, and the same numbers as scikit-learn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from astroclf.files import read_csv
from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import Metrics, read_metrics

TrainRun = Callable[..., Path]


@pytest.fixture(scope="module")
def trained(train_run: TrainRun) -> Path:
    return train_run("dataset.n_images=128")


@pytest.fixture(scope="module")
def evaluate_run(train_run: TrainRun, trained: Path) -> Callable[..., tuple[Path, Metrics]]:
    """evaluate_run(*overrides): folder and metrics of an evaluation of the model."""

    def run(*overrides: str) -> tuple[Path, Metrics]:
        folder = train_run("task=evaluate", f"model_from={trained}", *overrides)
        return folder, read_metrics(RunFolder(folder))

    return run


def values_of(metrics: Metrics, part: str) -> dict[str, float | None]:
    return {name: each.value for name, each in metrics.splits[part].items()}


def test_new_images_have_the_metrics_of_scikit_learn(evaluate_run: Any) -> None:
    folder, metrics = evaluate_run("dataset.n_images=80", "dataset.seed=7")
    assert list(metrics.splits) == ["new"]
    assert metrics.parts == {"new": "new images"}
    rows = read_csv(RunFolder(folder).predictions)
    assert len(rows) == 80
    assert {row["split"] for row in rows} == {"new"}
    truth = [row["truth"] for row in rows]
    p = [[float(row["p_galaxy"]), float(row["p_star"])] for row in rows]
    found = values_of(metrics, "new")
    assert found["accuracy"] == pytest.approx(accuracy_score(truth, [row["label"] for row in rows]))
    assert found["log_loss"] == pytest.approx(
        log_loss(truth, p, labels=["galaxy", "star"]), rel=1e-4
    )
    stars = [name == "star" for name in truth]
    assert found["roc_auc"] == pytest.approx(roc_auc_score(stars, [row[1] for row in p]), rel=1e-4)
    assert "loss" not in found
    assert metrics.splits["new"]["accuracy"].ci95 is not None


def test_images_of_the_training_keep_their_names_and_metrics(
    evaluate_run: Any, trained: Path
) -> None:
    folder, metrics = evaluate_run("dataset.n_images=128")
    assert list(metrics.splits) == ["test", "val", "train"]
    assert metrics.parts["val"] == "validation images (used for model selection)"
    before = read_metrics(RunFolder(trained))
    for split in ("train", "val", "test"):
        old, new = values_of(before, split), values_of(metrics, split)
        for name, value in new.items():
            assert value == pytest.approx(old[name], abs=1e-5), name
    texts = " ".join(metrics.run.warnings)
    assert "training images of this model" in texts
    assert "slightly optimistic" in texts
    page = RunFolder(folder).report.read_text()
    assert "test images (evaluated in training already)" in page


def test_mixtures_are_split_into_their_parts(evaluate_run: Any) -> None:
    _, metrics = evaluate_run("dataset.n_images=140")  # the first 128 images are those of training
    assert list(metrics.splits) == ["new", "test", "val", "train"]
    assert sum(each["n"] for each in metrics.per_class["new"].values()) == 12


def test_shift_of_the_seeing_is_found(evaluate_run: Any) -> None:
    folder, metrics = evaluate_run(
        "dataset.n_images=100", "dataset.seed=9", "dataset.seeing_arcsec=[3,4]"
    )
    large = {(row["quantity"], row["of"]) for row in metrics.shift["quantities"] if row["is_large"]}
    assert ("half_light_radius_arcsec", "star") in large
    assert "half-light radius (arcsec)" in " ".join(metrics.run.warnings)
    assert metrics.shift["unlike_training"]["n"] == 100
    assert "Shift from the training images" in RunFolder(folder).report.read_text()


def test_images_like_the_training_images_show_no_shift(evaluate_run: Any) -> None:
    _, metrics = evaluate_run("dataset.n_images=128", "dataset.seed=8")
    assert not [row for row in metrics.shift["quantities"] if row["is_large"]]
    assert metrics.shift["classes"]["shares"] == {"galaxy": [0.5, 0.5], "star": [0.5, 0.5]}


def test_one_image_is_enough(evaluate_run: Any) -> None:
    _, metrics = evaluate_run("dataset.n_images=1", "dataset.seed=5")
    assert values_of(metrics, "new")["accuracy"] in (0, 1)
    assert "No image is of" in " ".join(metrics.run.warnings)


def test_run_is_tracked_with_its_task(evaluate_run: Any) -> None:
    folder, _ = evaluate_run("dataset.n_images=30", "dataset.seed=3")
    record = json.loads(RunFolder(folder).tracked_run.read_text())
    assert record["tags"]["task"] == "evaluate"
    assert record["state"] == "complete"
    assert "new/accuracy" in record["metrics"]
    assert "optimizer.lr" not in record["parameters"]
