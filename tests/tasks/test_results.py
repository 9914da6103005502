"""Contents of metrics.json and predictions.csv."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from astroclf.data.dataset import ImageDataset
from astroclf.data.sources import load_dataset
from astroclf.evaluation.results import Evaluation
from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import RunFacts
from astroclf.runs.predictions import read_predictions, write_predictions
from astroclf.settings import Settings
from astroclf.tasks.results import count_test_evaluations, metrics_of, predictions_of
from astroclf.tasks.summary import summary
from fixtures.evaluations import evaluate_guess

Build = Callable[..., Settings]
FACTS = RunFacts(train_s=1.0)
VOTES = ("dataset.target=votes", "loss=bce", "trainer.monitor=rmse")


@pytest.fixture(scope="module")
def evaluation(settings: Build, simulated_dataset: ImageDataset) -> Evaluation:
    return evaluate_guess(simulated_dataset, settings("evaluation.temperature=false"))


def test_metrics_file_has_every_part(
    evaluation: Evaluation, simulated_dataset: ImageDataset
) -> None:
    found = metrics_of(evaluation, FACTS).to_dict()
    assert set(found) == {
        "train", "val", "test", "per_class", "baseline", "risk_coverage", "decision", "run",
    }  # fmt: skip
    curve = found["risk_coverage"]["test"]
    assert curve["coverage"][-1] == 1
    assert curve["error"][-1] == pytest.approx(1 - found["test"]["accuracy"]["value"])
    comparison = found["decision"]["val"]["accuracy"]
    assert comparison["plain"]["value"] == pytest.approx(found["val"]["accuracy"]["value"])
    assert comparison["gain"]["value"] == 0
    assert found["run"] == {"train_s": 1.0}
    train = simulated_dataset.targets[simulated_dataset.indices("train")]
    for split in ("train", "val", "test"):
        truth = simulated_dataset.targets[simulated_dataset.indices(split)]
        share = np.mean(truth == np.bincount(train).argmax())
        assert found["baseline"][split]["metrics"]["accuracy"] == pytest.approx(share)
        assert set(found["per_class"][split]) == {"galaxy", "star"}
        for metric, measured in found[split].items():
            if measured["ci95"] is None:
                assert measured.keys() & {"note", "floor"}, metric
            else:
                low, high = measured["ci95"]
                assert low <= measured["value"] <= high
        assert 0 < found[split]["ece"]["floor"] < 0.5


def test_prediction_sets_are_in_the_metrics_file(
    settings: Build, simulated_dataset: ImageDataset
) -> None:
    chosen = settings("evaluation.conformal=0.6")
    evaluation = evaluate_guess(simulated_dataset, chosen)
    metrics = metrics_of(evaluation, FACTS)
    test = metrics.prediction_sets["test"]
    assert set(test.per_class) == {"galaxy", "star"}
    sets = evaluation.splits["test"].predicted.sets
    assert sets is not None
    assert test.overall["mean_size"].value == pytest.approx(sets.sum(axis=1).mean())
    fitted = evaluation.decision.decision.conformal
    assert fitted is not None
    assert fitted.level == 0.6


def test_predictions_file_has_every_image_with_its_split_and_truth(
    evaluation: Evaluation, simulated_dataset: ImageDataset, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    write_predictions(folder, predictions_of(evaluation))
    found = read_predictions(folder, simulated_dataset.classes)
    position = {image: i for i, image in enumerate(simulated_dataset.ids.tolist())}
    order = [position[image] for image in found.ids.tolist()]
    assert sorted(order) == list(range(len(simulated_dataset)))
    np.testing.assert_array_equal(found.truth, simulated_dataset.targets[order])
    np.testing.assert_array_equal(found.parts, simulated_dataset.split[order])
    np.testing.assert_array_equal(found.labels, found.probabilities.argmax(axis=1))
    assert found.votes is None
    assert found.groups is None


def test_predictions_file_has_the_groups_of_the_images(
    settings: Build, simulated_dataset: ImageDataset, tmp_path: Path
) -> None:
    groups = np.array([f"field {i % 20}" for i in range(len(simulated_dataset))])
    dataset = simulated_dataset.with_groups(groups)
    found = predictions_of(evaluate_guess(dataset, settings()))
    group_of = dict(zip(dataset.ids.tolist(), groups.tolist(), strict=True))
    assert found.groups is not None
    assert found.groups.tolist() == [group_of[image] for image in found.ids.tolist()]


def test_predictions_of_votes_are_written_beside_the_given_fractions(
    settings: Build, tmp_path: Path
) -> None:
    chosen, folder = settings(*VOTES), RunFolder(tmp_path)
    dataset = load_dataset(chosen.dataset)
    write_predictions(folder, predictions_of(evaluate_guess(dataset, chosen)))
    found = read_predictions(folder, dataset.classes)
    position = {image: i for i, image in enumerate(dataset.ids.tolist())}
    votes = dataset.targets[[position[image] for image in found.ids.tolist()]]
    assert found.votes is not None
    np.testing.assert_allclose(found.votes, votes, atol=1e-5)
    np.testing.assert_array_equal(found.truth, votes.argmax(axis=1))


def test_accuracy_along_a_column_is_reported(
    settings: Build, simulated_dataset: ImageDataset, tmp_path: Path
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
    binned = metrics_of(evaluate_guess(simulated_dataset, chosen), FACTS).binned
    assert set(binned) == {"train", "val", "test"}
    assert set(binned["val"]) == {"r"}


def test_metrics_without_images_that_overlap_train_are_added(
    settings: Build, simulated_dataset: ImageDataset, evaluation: Evaluation
) -> None:
    dataset = simulated_dataset
    val, train = dataset.indices("val"), dataset.indices("train")
    images = np.array(dataset.images)
    images[val[:3]] = images[train[:3]]  # three copies
    leaky = evaluate_guess(replace(dataset, images=images), settings())
    labels = leaky.splits["val"].predicted.labels[3:]
    expected = accuracy_score(dataset.targets[val[3:]], labels)
    found = metrics_of(leaky, FACTS).to_dict()["without_overlap"]
    assert list(found) == ["val"]
    assert found["val"]["n"] == len(val) - 3
    assert found["val"]["accuracy"]["value"] == pytest.approx(expected)
    text = summary(settings(), leaky, {})
    assert f"val without its 3 images that overlap train: accuracy {expected:.3f}" in text
    assert not metrics_of(evaluation, FACTS).without_overlap


def test_first_evaluation_on_test_is_number_one(tmp_path: Path) -> None:
    assert count_test_evaluations(RunFolder(tmp_path), 3) == 1
