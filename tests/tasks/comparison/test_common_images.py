from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astroclf.errors import UserError
from astroclf.runs.folder import RunFolder
from astroclf.runs.predictions import Predictions
from astroclf.tasks.comparison.common_images import CommonImages, find_common
from astroclf.tasks.comparison.compared_run import ComparedRun
from fixtures.compared_runs import make_predictions


def run_of(*trainings: Predictions, name: str = "a", out_of_fold: bool = False) -> ComparedRun:
    return ComparedRun(
        name, RunFolder(Path(name)), trainings, "one training", out_of_fold=out_of_fold
    )


def common_of(one: Predictions, other: Predictions) -> CommonImages:
    return find_common([run_of(one), run_of(other, name="b")])


def test_images_are_matched_by_id_in_the_order_of_the_first_run() -> None:
    one, other = make_predictions(1), make_predictions(2, seed=1)
    order = np.random.default_rng(0).permutation(120)
    found = common_of(one, other.of_images(order))
    assert found.ids.tolist() == one.ids.tolist()
    np.testing.assert_array_equal(found.labels.targets, one.truth)
    np.testing.assert_array_equal(found.contenders[1].networks[0].labels, other.labels)
    assert (found.warnings, found.selected) == ([], [])


def test_other_test_images_are_left_out_with_their_count() -> None:
    found = common_of(make_predictions(1, n=100), make_predictions(1, n=100, first=40))
    assert len(found.ids) == 60
    assert found.counts == [100, 100]
    assert "(a 100, b 100): they are compared on the 60 that all have." in found.warnings[0]


def test_an_image_that_one_run_was_trained_on_is_never_compared() -> None:
    one = make_predictions(1, n=40)
    other = make_predictions(1, n=40, parts=("test", "train", "val", "test"))
    found = common_of(one, other)
    assert found.ids.tolist() == other.ids[other.parts == "test"].tolist()


def test_val_is_compared_only_without_test_and_is_called_optimistic() -> None:
    one, other = (make_predictions(1, seed=s, parts=("train", "val")) for s in (0, 1))
    found = common_of(one, other)
    assert len(found.ids) == 60
    assert found.selected == ["a", "b"]
    assert "no common test image" in found.warnings[0]
    assert "the difference is optimistic" in found.warnings[0]


def test_runs_without_a_common_image_are_refused() -> None:
    with pytest.raises(
        UserError, match="no image was predicted by all runs without being trained on"
    ):
        common_of(make_predictions(1), make_predictions(1, first=500))


def test_few_images_with_other_labels_are_left_out_and_many_are_refused() -> None:
    one = make_predictions(1)
    few, many = one.truth.copy(), 1 - one.truth
    few[:3] = 1 - few[:3]
    found = common_of(one, replace(one, truth=few))
    assert len(found.ids) == 117
    assert "3 images with different labels in the runs are left out." in found.warnings
    with pytest.raises(
        UserError, match=r"100% of the 120 images .* so the ids name different images"
    ):
        common_of(one, replace(one, truth=many))


def test_images_of_one_group_in_either_run_are_of_one_group() -> None:
    one, other = make_predictions(1, n=4), make_predictions(1, n=4, seed=1)
    assert common_of(one, other).labels.groups is None
    one = replace(one, groups=np.array(["x", "x", "y", "z"]))
    groups = common_of(one, other).labels.groups
    assert groups is not None
    assert groups.tolist() == [0, 0, 1, 2]
    other = replace(other, groups=np.array(["1", "2", "2", "3"]))
    joint = common_of(one, other).labels.groups
    assert joint is not None
    assert joint.tolist() == [0, 0, 0, 1]


def test_seeds_are_networks_and_folds_are_kept() -> None:
    seeds = [make_predictions(1, seed=seed) for seed in (1, 2)]
    folds = make_predictions(1, parts=("fold-0", "fold-1", "fold-2"))
    found = find_common([run_of(*seeds), run_of(folds, name="b", out_of_fold=True)])
    assert [len(each) for each in found.contenders] == [2, 1]
    assert found.contenders[0].folds is None
    assert found.contenders[1].folds is not None
    assert found.contenders[1].folds[:4].tolist() == [0, 1, 2, 0]
