from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.errors import UserError
from astroclf.files import read_csv


@pytest.fixture(scope="module")
def folder(train_run: Callable[..., Path]) -> Path:
    """Return the folder of an inspection without a model."""
    return train_run("task=inspect", "augment=sky", "inspect.ids=[sim-000007]")


def test_the_page_is_self_contained_and_describes_the_data(
    folder: Path, read_page: Callable[[Path], Any]
) -> None:
    page = read_page(folder / "inspect.html")
    page.check_self_contained()
    assert page.sections == ["chosen", "counts", "examples", "distributions", "views", "leaks"]
    assert "sim-000007" in page.text
    assert "augment=sky, rotation True, shift_px 1.0" in page.text
    assert "augmented, view 6" in page.text


def test_class_counts_are_those_of_the_splits(folder: Path) -> None:
    split = read_csv(folder / "split.csv")
    for row in read_csv(folder / "class_counts.csv"):
        members = [each["split"] for each in split if each["target"] == row["class"]]
        assert int(row["all"]) == len(members)
        assert int(row["train"]) == members.count("train")


def test_inspection_trains_nothing(folder: Path) -> None:
    assert not (folder / "bundle").exists()
    assert not (folder / "checkpoint").exists()


def test_an_unknown_id_is_refused_with_similar_ones(train_run: Callable[..., Path]) -> None:
    with pytest.raises(
        UserError, match=r"inspect.ids=sim-00007: no image has that id. Similar ids: sim-0000"
    ):
        train_run("task=inspect", "inspect.ids=[sim-00007]")


def test_votes_are_shown_beside_images(
    train_run: Callable[..., Path], read_page: Callable[[Path], Any]
) -> None:
    folder = train_run("task=inspect", "dataset.target=votes", "inspect.ids=[sim-000001]")
    page = read_page(folder / "inspect.html")
    assert "Images per answer with most votes and split" in page.text
    means = [float(row["mean_vote"]) for row in read_csv(folder / "class_counts.csv")]
    assert len(means) == 5
    assert np.all((np.array(means) > 0) & (np.array(means) < 1))


@pytest.fixture(scope="module")
def trained(train_run: Callable[..., Path]) -> Path:
    """Return the folder of a small trained run."""
    return train_run("trainer.epochs=1", "model.widths=[4,4]", "model.hidden_units=[8]")


@pytest.fixture(scope="module")
def examined(train_run: Callable[..., Path], trained: Path) -> Path:
    """Return the folder of an inspection with a model."""
    return train_run(
        "task=inspect", f"model_from={trained}", "inspect.map=pca", "inspect.split=train",
        "inspect.max_images=30", "inspect.ids=[sim-000003,sim-000004]", "inspect.neighbors=3",
    )  # fmt: skip


def test_a_model_adds_maps_neighbors_saliency_and_ablations(
    examined: Path, read_page: Callable[[Path], Any]
) -> None:
    page = read_page(examined / "inspect.html")
    page.check_self_contained()
    assert page.sections[-5:] == ["model", "maps", "neighbors", "saliency", "ablations"]
    assert "30 of 44 images of train, sampled with seed 0" in page.text
    assert "30 images are training images of this model" in page.text
    assert "evidence for" in page.text
    assert (examined / "figures/map_pca.pdf").stat().st_size > 1000


def test_statistics_of_large_splits_are_sampled(examined: Path) -> None:
    splits = [row["split"] for row in read_csv(examined / "statistics.csv")]
    assert (splits.count("train"), splits.count("val")) == (30, 10)


def test_neighbors_are_ranked_by_their_distance_and_leave_out_the_image(examined: Path) -> None:
    rows = read_csv(examined / "neighbors.csv")
    assert [row["id"] for row in rows] == ["sim-000003"] * 3 + ["sim-000004"] * 3
    assert [row["rank"] for row in rows] == ["1", "2", "3"] * 2
    distances = [float(row["distance"]) for row in rows]
    assert sorted(distances[:3]) == distances[:3]
    assert all(row["neighbor"] != row["id"] for row in rows)


def test_ablations_compare_the_same_images(examined: Path, trained: Path) -> None:
    rows = read_csv(examined / "ablations.csv")
    assert len(rows) == 7 * 3
    assert {row["n"] for row in rows if row["class"] == "all"} == {"30"}
    assert len({row["accuracy"] for row in rows if row["class"] == "all"}) == 1
    for row in rows:
        difference = float(row["accuracy"]) - float(row["accuracy_under_ablation"])
        assert float(row["loss"]) == pytest.approx(difference, abs=1e-5)


def test_accuracy_is_that_of_the_saved_predictions(
    train_run: Callable[..., Path], trained: Path
) -> None:
    folder = train_run(
        "task=inspect", f"model_from={trained}", "inspect.map=pca", "inspect.ablations=[rotate_90]"
    )
    test = [row for row in read_csv(trained / "predictions.csv") if row["split"] == "test"]
    expected = np.mean([row["truth"] == row["label"] for row in test])
    rows = read_csv(folder / "ablations.csv")
    assert float(rows[0]["accuracy"]) == pytest.approx(expected, abs=1e-5)


def test_an_unknown_split_and_other_classes_are_refused(
    train_run: Callable[..., Path], trained: Path
) -> None:
    with pytest.raises(UserError, match=r"inspect.split=field: the splits are train, val, test"):
        train_run("task=inspect", f"model_from={trained}", "inspect.split=field")
    with pytest.raises(
        UserError, match=r"dataset: its classes are .*; the model of model_from has galaxy, star"
    ):
        train_run("task=inspect", f"model_from={trained}", "dataset.target=morphology")
    with pytest.raises(UserError, match=r"the labels are vote fractions"):
        train_run("task=inspect", f"model_from={trained}", "dataset.target=votes")


def test_an_ensemble_is_inspected_with_the_features_of_its_first_member(
    train_run: Callable[..., Path], trained: Path, read_page: Callable[[Path], Any]
) -> None:
    other = train_run("trainer.epochs=1", "model.widths=[4,4]", "model.hidden_units=[8]", "seed=1")
    folder = train_run(
        "task=inspect",
        f"model_from=[{trained},{other}]",
        "inspect.map=pca",
        "inspect.ablations=[gray]",
    )
    text = read_page(folder / "inspect.html").text
    assert "The model is an ensemble of 2" in text
    assert "10 test images (evaluated in training already)" in text
    assert len(read_csv(folder / "embedding.csv")) == 10


def test_a_model_of_votes_has_maps_and_no_ablations(
    train_run: Callable[..., Path], read_page: Callable[[Path], Any]
) -> None:
    votes = ("dataset.target=votes", "loss=bce")
    model = train_run(*votes, "trainer.epochs=1", "model.widths=[4,4]", "model.hidden_units=[8]")
    folder = train_run("task=inspect", *votes, f"model_from={model}", "inspect.map=pca")
    page = read_page(folder / "inspect.html")
    assert page.sections[-3:] == ["model", "maps", "saliency"]
    assert "Ablations measure accuracy, which vote fractions do not have" in page.text


def test_label_errors_are_found_from_out_of_fold_probabilities(
    train_run: Callable[..., Path], trained: Path, read_page: Callable[[Path], Any]
) -> None:
    folds = train_run(
        "task=crossval", "folds=3", "trainer.epochs=1", "model.widths=[4,4]", "model.hidden_units=[8]",
        "evaluation.bootstrap_resamples=0", "evaluation.report=false",
    )  # fmt: skip
    folder = train_run("task=inspect", f"inspect.predictions={folds}")
    rows = read_csv(folder / "label_errors.csv")
    predictions = {row["id"]: row for row in read_csv(folds / "predictions.csv")}
    assert [int(row["rank"]) for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        assert row["given"] != row["suggested"]
        stored = float(predictions[row["id"]][f"p_{row['given']}"])
        assert float(row["p"]) == pytest.approx(stored, abs=1e-5)
    page = read_page(folder / "inspect.html")
    assert "label-errors" in page.sections
    assert f"{len(rows)} label" in page.text
    with pytest.raises(UserError, match=r"repeats their labels.*task=crossval"):
        train_run("task=inspect", f"inspect.predictions={trained}")
    with pytest.raises(UserError, match=r"there is no predictions.csv"):
        train_run("task=inspect", f"inspect.predictions={folder}")


@pytest.mark.slow
def test_votes_of_images_by_id_are_shown_along_their_tree(
    train_run: Callable[..., Path], read_page: Callable[[Path], Any]
) -> None:
    votes = ("dataset.target=galaxy_zoo_2", "dataset.n_images=40")
    small = ("trainer.epochs=1", "model.widths=[4,4]", "model.hidden_units=[8]")
    model = train_run(*votes, *small, "loss=mse")
    report = read_page(model / "report.html")
    assert "tree" in report.sections
    folder = train_run(
        "task=inspect",
        *votes,
        f"model_from={model}",
        "inspect.ids=[sim-000003,sim-000001]",
        "inspect.map=pca",
    )
    page = read_page(folder / "inspect.html")
    assert "tree" in page.sections
    assert "Is the galaxy simply smooth and rounded, with no sign of a disk?" in page.text
    assert "reached by 1.00 (predicted" in page.text
