from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroclf.data.splits import write_split
from astroclf.errors import UserError
from astroclf.files import write_csv
from astroclf.runs.folder import RunFolder
from astroclf.tasks.comparison.compared_run import read_run, read_runs, with_class_order
from fixtures.compared_runs import make_predictions, write_folds, write_run, write_seeds


def test_a_training_a_run_of_seeds_and_a_cross_validation_are_read(tmp_path: Path) -> None:
    single = read_run(write_run(tmp_path / "a", make_predictions(1)))
    assert (single.kind, len(single.trainings), single.out_of_fold) == ("one training", 1, False)
    seeds = read_run(
        write_seeds(tmp_path / "b", [make_predictions(1, seed=seed) for seed in (1, 2, 3)])
    )
    assert (seeds.kind, len(seeds.trainings), seeds.seeds) == ("3 seeds", 3, (1, 2, 3))
    folds = read_run(write_folds(tmp_path / "c", 1))
    assert (folds.kind, folds.out_of_fold) == ("cross-validation with 4 folds", True)


def test_images_of_train_and_val_are_not_unseen(tmp_path: Path) -> None:
    predictions = make_predictions(1, n=8, parts=("train", "val", "test", "new"))
    run = read_run(write_run(tmp_path, predictions))
    assert run.is_unseen(predictions).tolist() == [False, False, True, True] * 2


def test_classes_are_brought_to_one_order(tmp_path: Path) -> None:
    predictions = make_predictions(1)
    other = with_class_order(predictions, ("star", "galaxy"))
    np.testing.assert_array_equal(other.truth, 1 - predictions.truth)
    np.testing.assert_array_equal(other.probabilities, predictions.probabilities[:, ::-1])
    folders = [write_run(tmp_path / "a", predictions), write_run(tmp_path / "b", other)]
    one, two = read_runs(folders)
    assert one.classes == two.classes == ("galaxy", "star")
    np.testing.assert_array_equal(one.trainings[0].labels, two.trainings[0].labels)


def test_groups_of_former_files_come_from_split_csv(tmp_path: Path, simulated_dataset) -> None:
    folder = write_run(tmp_path, make_predictions(1, n=3))
    write_csv(folder.split, ["id", "group"], [[f"image-{k}", f"field {k // 2}"] for k in range(3)])
    groups = read_run(folder).trainings[0].groups
    assert groups is not None
    assert groups.tolist() == ["field 0", "field 0", "field 1"]
    write_split(simulated_dataset, folder.split)
    assert read_run(folder).trainings[0].groups is None


def refusal(*folders: RunFolder) -> str:
    with pytest.raises(UserError) as refused:
        read_runs(folders)
    return str(refused.value)


def test_runs_with_other_classes_are_refused_by_name(tmp_path: Path) -> None:
    one = write_run(tmp_path / "a", make_predictions(1))
    other = write_run(tmp_path / "b", make_predictions(1, classes=("galaxy", "quasar")))
    assert "a has the classes galaxy, star; " in refusal(one, other)
    assert "b has galaxy, quasar. Compare runs with the same classes." in refusal(one, other)


def test_classes_and_votes_are_not_compared(tmp_path: Path) -> None:
    predictions = make_predictions(1)
    votes = replace(predictions, votes=predictions.probabilities)
    folders = write_run(tmp_path / "a", predictions), write_run(tmp_path / "b", votes)
    assert "predicts classes and the other vote fractions" in refusal(*folders)


def test_one_run_and_the_same_run_twice_are_refused(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a", make_predictions(1))
    assert "1 run, so that there is nothing to compare" in refusal(folder)
    (tmp_path / "link").symlink_to(folder.path)
    assert "is given twice" in refusal(folder, RunFolder(tmp_path / "link"))


def test_a_folder_without_predictions_is_refused(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a", make_predictions(1))
    (tmp_path / "b").mkdir()
    assert "b has no predictions.csv" in refusal(folder, RunFolder(tmp_path / "b"))
    assert "there is no such folder" in refusal(folder, RunFolder(tmp_path / "c"))


def test_predictions_without_a_truth_are_refused(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a", make_predictions(1))
    other = RunFolder(tmp_path / "b")
    other.path.mkdir()
    write_csv(
        other.predictions,
        ["id", "path", "label", "p_galaxy", "p_star"],
        [["1", "1.png", "star", 0, 1]],
    )
    assert "its images have no true labels" in refusal(folder, other)
