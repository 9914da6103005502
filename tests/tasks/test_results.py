from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from astroclf.data.dataset import ImageDataset
from astroclf.data.sources import load_dataset
from astroclf.evaluation.decisions.comparison import compare_decisions
from astroclf.evaluation.decisions.decision import Decided, Decision, to_probabilities
from astroclf.evaluation.resampling import Resampling
from astroclf.inference.predictor import Outputs
from astroclf.runs.folder import RunFolder
from astroclf.runs.predictions import write_predictions
from astroclf.settings import Settings
from astroclf.tasks.results import (
    metrics_content,
    predictions_of,
    score_splits,
    summary,
)
from astroclf.tasks.scores import Scoring

RUN = {"train_s": 1.0}
VOTES = ("dataset.target=votes", "loss=bce", "trainer.monitor=rmse")


def guess(dataset: ImageDataset) -> dict[str, Outputs]:
    """Random outputs for every split."""
    rng = np.random.default_rng(0)
    return {
        split: Outputs(
            rng.normal(size=(len(dataset.indices(split)), len(dataset.classes))).astype(np.float32),
            rng.random(len(dataset.indices(split))),
        )
        for split in dataset.split_names
    }


def read_rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def scoring(settings: Callable[..., Settings], simulated_dataset: ImageDataset) -> Scoring:
    return Scoring(simulated_dataset, Decision("softmax"), settings())


@pytest.fixture
def vote_scoring(settings: Callable[..., Settings]) -> Scoring:
    chosen = settings(*VOTES)
    return Scoring(load_dataset(chosen.dataset), Decision("sigmoid"), chosen)


def test_metrics_have_the_promised_form(scoring: Scoring) -> None:
    splits = score_splits(scoring, guess(scoring.dataset))
    run = {"seed": 4, "train_s": np.float32(0.5)}
    plain = Decided(splits["val"].predictions, splits["val"].labels)
    compared = compare_decisions(
        plain,
        plain,
        splits["val"].targets,
        scoring.dataset.classes,
        bins=5,
        resampling=Resampling(20, 0),
    )
    found = metrics_content(splits, {"val": compared}, run).to_dict()
    assert set(found) == {"train", "val", "test", "per_class", "baseline", "decision", "run"}
    accuracy = found["decision"]["val"]["accuracy"]
    assert accuracy["plain"]["value"] == pytest.approx(found["val"]["accuracy"]["value"])
    assert accuracy["gain"]["value"] == 0
    assert found["run"] == {"seed": 4, "train_s": 0.5}
    for split in ("train", "val", "test"):
        most_frequent = np.bincount(scoring.dataset.targets[scoring.dataset.indices("train")])
        truth = scoring.dataset.targets[scoring.dataset.indices(split)]
        share = np.mean(truth == most_frequent.argmax())
        assert found["baseline"][split]["metrics"]["accuracy"] == pytest.approx(share)
        assert set(found["per_class"][split]) >= {"galaxy", "star"}
        for metric, measured in found[split].items():
            if measured["ci95"] is None:
                assert measured.keys() & {"note", "floor"}, metric
            else:
                low, high = measured["ci95"]
                assert low <= measured["value"] <= high
        assert 0 < found[split]["ece"]["floor"] < 0.5


def test_figures_are_those_of_scikit_learn(scoring: Scoring) -> None:
    outputs = guess(scoring.dataset)
    splits = score_splits(scoring, outputs)
    for split, said in outputs.items():
        truth = scoring.dataset.targets[scoring.dataset.indices(split)]
        p = to_probabilities(said.logits, "softmax")
        found = {name: each["value"] for name, each in splits[split].scores.overall.items()}
        assert found["accuracy"] == pytest.approx(accuracy_score(truth, p.argmax(axis=1)))
        assert found["log_loss"] == pytest.approx(log_loss(truth, p))
        assert found["roc_auc"] == pytest.approx(roc_auc_score(truth, p[:, 1]))
        assert found["loss"] == pytest.approx(said.losses.mean())


def test_quick_figures_are_the_full_ones(scoring: Scoring) -> None:
    outputs = guess(scoring.dataset)["val"]
    full = scoring.full(scoring.dataset.indices("val"), outputs).overall
    for name, value in scoring.quick("val", outputs).items():
        assert value == pytest.approx(full[name]["value"]), name


def test_predictions_name_every_image(scoring: Scoring, tmp_path: Path) -> None:
    dataset, outputs = scoring.dataset, guess(scoring.dataset)
    predictions = predictions_of(dataset, score_splits(scoring, outputs))
    write_predictions(RunFolder(tmp_path), predictions)
    rows = read_rows(tmp_path / "predictions.csv")
    assert list(rows[0]) == ["id", "split", "truth", "label", "p_galaxy", "p_star"]
    assert sorted(row["id"] for row in rows) == sorted(dataset.ids)
    truth = dict(zip(dataset.ids, np.array(dataset.classes)[dataset.targets], strict=True))
    split = dict(zip(dataset.ids, dataset.split, strict=True))
    for row in rows:
        assert (row["truth"], row["split"]) == (truth[row["id"]], split[row["id"]])
        p = {name: float(row[f"p_{name}"]) for name in dataset.classes}
        assert sum(p.values()) == pytest.approx(1, abs=1e-5)
        assert row["label"] == max(p, key=lambda name: p[name])


def test_predictions_of_votes_stand_beside_the_true_ones(
    vote_scoring: Scoring, tmp_path: Path
) -> None:
    dataset = vote_scoring.dataset
    splits = score_splits(vote_scoring, guess(dataset))
    write_predictions(RunFolder(tmp_path), predictions_of(dataset, splits))
    position = {name: i for i, name in enumerate(dataset.ids)}
    for row in read_rows(tmp_path / "predictions.csv"):
        votes = [float(row[f"vote_{name}"]) for name in dataset.classes]
        np.testing.assert_allclose(votes, dataset.targets[position[row["id"]]], atol=1e-5)
        assert row["truth"] == dataset.classes[int(np.argmax(votes))]
        assert all(0 <= float(row[f"p_{name}"]) <= 1 for name in dataset.classes)


def test_the_summary_says_what_chose_the_epoch(scoring: Scoring) -> None:
    splits = score_splits(scoring, guess(scoring.dataset))
    text = summary(scoring.settings, splits, {"report": "outputs/report.html"})
    lines = text.splitlines()
    assert "val (chosen on)" in text
    assert "loss is the training objective (ce) of the raw outputs; log_loss is of the" in text
    accuracy = splits["test"].scores.overall["accuracy"]
    low, high = accuracy["ci95"]
    row = next(line for line in lines if line.startswith("accuracy"))
    assert f"{accuracy['value']:.3f} [{low:.3f}, {high:.3f}]" in row
    assert "95 % intervals" in text
    assert any(line.split() == ["report", "outputs/report.html"] for line in lines)


def test_without_intervals_the_summary_claims_none(
    settings: Any, simulated_dataset: ImageDataset
) -> None:
    scoring = Scoring(
        simulated_dataset, Decision("softmax"), settings("evaluation.bootstrap_resamples=0")
    )
    splits = score_splits(scoring, guess(simulated_dataset))
    assert all(m["ci95"] is None for m in splits["val"].scores.overall.values())
    text = summary(scoring.settings, splits, {})
    assert "intervals" not in text
    assert "[" not in text


def test_accuracy_along_a_column_is_reported(
    settings: Any, simulated_dataset: ImageDataset, tmp_path: Path
) -> None:
    table = tmp_path / "magnitudes.csv"
    rows = [f"{name},{15 + i % 7}" for i, name in enumerate(simulated_dataset.ids)]
    table.write_text("\n".join(["objID,r", *rows]))
    chosen = settings(
        f"evaluation.metadata={table}",
        "evaluation.metadata_id=objID",
        "evaluation.bin_columns=[r]",
        "evaluation.bins=2",
    )
    scoring = Scoring(simulated_dataset, Decision("softmax"), chosen)
    splits = score_splits(scoring, guess(simulated_dataset))
    binned = metrics_content(splits, {}, RUN).binned
    assert set(binned) == {"train", "val", "test"}
    assert set(binned["val"]) == {"r"}


def test_figures_without_the_images_that_overlap_train_stand_beside_the_others(
    scoring: Scoring,
) -> None:
    dataset = scoring.dataset
    val, train = dataset.indices("val"), dataset.indices("train")
    images = np.array(dataset.images)
    images[val[:3]] = images[train[:3]]  # three copies
    leaky = replace(scoring, dataset=replace(dataset, images=images))
    outputs = guess(leaky.dataset)
    splits = score_splits(leaky, outputs)
    labels = outputs["val"].logits[3:].argmax(axis=1)
    expected = accuracy_score(dataset.targets[val[3:]], labels)
    found = metrics_content(splits, {}, RUN).to_dict()["without_overlap"]
    assert list(found) == ["val"]
    assert found["val"]["n"] == len(val) - 3
    assert found["val"]["accuracy"]["value"] == pytest.approx(expected)
    assert f"val without its 3 images that overlap train: accuracy {expected:.3f}" in summary(
        leaky.settings, splits, {}
    )
    assert not metrics_content(score_splits(scoring, outputs), {}, RUN).without_overlap
