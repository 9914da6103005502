"""Classes of labeled images matched by name to those of a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from astroclf.data.class_matching import match_classes
from astroclf.data.dataset import ImageDataset
from astroclf.errors import UserError
from astroclf.vote_tree import Question, VoteTree

Make = Callable[..., ImageDataset]


def with_classes(dataset: ImageDataset, *classes: str) -> ImageDataset:
    return replace(dataset, classes=classes)


@pytest.mark.parametrize("order", [("a", "b", "c"), ("c", "a", "b"), ("b", "c", "a")])
def test_classes_are_matched_by_name_not_by_position(
    make_dataset: Make, order: tuple[str, ...]
) -> None:
    dataset = make_dataset(n_classes=3)
    matched = match_classes(dataset, order)
    assert matched.dataset.classes == order
    assert matched.kept.all()
    before = [dataset.classes[k] for k in dataset.targets]
    assert [order[k] for k in matched.dataset.targets] == before


def test_a_subset_of_the_classes_keeps_the_classes_of_the_model(make_dataset: Make) -> None:
    matched = match_classes(make_dataset(n_classes=2), ("z", "b", "a"))
    assert set(matched.dataset.targets.tolist()) == {1, 2}
    assert not matched.left_out


def test_unknown_classes_are_refused_or_left_out_and_counted(make_dataset: Make) -> None:
    dataset = make_dataset(12, n_classes=3)
    with pytest.raises(UserError, match="the class c is not among those of the model, a, b"):
        match_classes(dataset, ("a", "b"))
    matched = match_classes(dataset, ("a", "b"), unknown="skip")
    assert matched.left_out == {"c": 4}
    assert np.array_equal(matched.kept, dataset.targets != 2)
    assert np.array_equal(matched.dataset.targets[matched.kept], dataset.targets[matched.kept])


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (("Galaxies", "STAR"), "{Galaxies: galaxy, STAR: star}"),
        (("galaxy", "stars"), "{stars: star}"),
    ],
)
def test_case_and_plural_are_suggested(
    make_dataset: Make, given: tuple[str, str], meant: str
) -> None:
    with pytest.raises(UserError) as refused:
        match_classes(with_classes(make_dataset(), *given), ("galaxy", "star"))
    assert f"Did you mean 'evaluate.rename_classes={meant}'?" in str(refused.value)


def test_classes_are_renamed_and_merged(make_dataset: Make) -> None:
    dataset = with_classes(make_dataset(n_classes=3), "spiral", "elliptical", "star")
    renames = {"spiral": "galaxy", "elliptical": "galaxy"}
    matched = match_classes(dataset, ("star", "galaxy"), renames)
    assert np.array_equal(matched.dataset.targets, np.where(dataset.targets == 2, 0, 1))


@pytest.mark.parametrize(
    ("rename", "sentence"),
    [
        ({"x": "a"}, "the data have no class x. Choose one of a, b."),
        ({"a": "x"}, "the model has no class x. Choose one of a, b."),
    ],
)
def test_renaming_of_names_that_do_not_exist_is_refused(
    make_dataset: Make, rename: Mapping[str, str], sentence: str
) -> None:
    with pytest.raises(UserError) as refused:
        match_classes(make_dataset(), ("a", "b"), rename)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("unknown", ["stop", "skip"])
def test_data_without_any_class_of_the_model_are_refused(make_dataset: Make, unknown: str) -> None:
    with pytest.raises(UserError, match="model"):
        match_classes(make_dataset(), ("x", "y"), unknown=unknown)  # type: ignore[arg-type]


def test_votes_are_matched_by_the_names_of_the_answers(make_dataset: Make) -> None:
    dataset = make_dataset(n_classes=3, votes=True)
    matched = match_classes(dataset, ("c", "a"), unknown="skip")
    assert np.array_equal(matched.dataset.targets, dataset.targets[:, [2, 0]])
    assert matched.kept.all()
    assert matched.left_out == {"b": len(dataset)}
    with pytest.raises(UserError, match="lack the answers d of the model"):
        match_classes(dataset, ("a", "b", "c", "d"))
    with pytest.raises(UserError, match="several columns of votes become a"):
        match_classes(dataset, ("a", "c"), {"b": "a"})


def test_a_tree_of_votes_gets_the_names_of_the_model(make_dataset: Make) -> None:
    tree = VoteTree((Question("shape", "", ("a", "b")), Question("bar", "", ("c",), ("b",))))
    dataset = replace(make_dataset(n_classes=3, votes=True), tree=tree)
    matched = match_classes(dataset, ("c", "disk", "a"), {"b": "disk"}).dataset
    assert matched.tree is not None
    assert matched.tree.answers == ("a", "disk", "c")
    assert matched.tree.questions[1].reached_by == ("disk",)
    assert match_classes(dataset, ("a", "b"), unknown="skip").dataset.tree is None
