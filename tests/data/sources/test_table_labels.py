from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from astroclf.data.sources.table_labels import TableTargets, label_columns, read_labels
from astroclf.errors import UserError
from astroclf.settings import sections
from astroclf.tables import Table

ANNOTATORS = {
    "ann": ["spiral", "spiral", "", "merger"],
    "bob": ["spiral", "merger", "merger", ""],
    "eve": ["merger", "", "", "spiral"],
}
SOFT = {"spiral": ["0.7", "0.5", "0.1", "1"], "merger": ["0.3", "0.5", "0.9", "0"]}

Read = Callable[..., TableTargets]


@pytest.fixture
def chosen(settings: Any) -> Callable[..., sections.TableLabels]:
    def choose(*overrides: str) -> sections.TableLabels:
        given = [f"dataset.{each}" for each in overrides]
        dataset: sections.TableLabels = settings(
            "dataset=catalog", "dataset.table=a.csv", *given
        ).dataset
        return dataset

    return choose


@pytest.fixture
def read(chosen: Any) -> Read:
    def read_columns(columns: dict[str, list[str]], *overrides: str) -> TableTargets:
        settings = chosen(*overrides)
        keys = {column: key for key, column in label_columns(settings)}
        n_rows = len(next(iter(columns.values())))
        table = Table("dataset.table=a.csv", columns, keys, list(range(2, n_rows + 2)), ",")
        return read_labels(table, settings)

    return read_columns


def test_fractions_of_annotators_are_soft_labels_and_their_majority_the_class(read: Read) -> None:
    labels = read(ANNOTATORS, "label_column=null", "annotator_columns=[ann,bob,eve]")
    assert labels.classes == ("merger", "spiral")
    assert labels.soft_targets is not None
    np.testing.assert_allclose(
        labels.soft_targets, [[1 / 3, 2 / 3], [0.5, 0.5], [1, 0], [0.5, 0.5]], rtol=1e-6
    )
    # Rows 2 and 4 are ties; the annotators gave both classes four times, so that the first one is taken.
    assert labels.targets.tolist() == [1, 0, 0, 0]
    agreement, ties = labels.notes
    assert agreement.startswith("Agreement of the annotators ann, bob, eve beyond chance: Fleiss")
    assert ties.startswith("dataset.annotator_columns: 2 images of 4 have no majority;")


def test_the_majority_alone_gives_no_soft_labels(read: Read) -> None:
    labels = read(
        ANNOTATORS,
        "label_column=null",
        "annotator_columns=[ann,bob,eve]",
        "annotators=majority",
    )
    assert labels.soft_targets is None


def test_a_label_column_beside_annotators_gives_the_classes_of_metrics(read: Read) -> None:
    columns = {**ANNOTATORS, "expert": ["merger", "spiral", "spiral", "spiral"]}
    labels = read(columns, "label_column=expert", "annotator_columns=[ann,bob,eve]")
    assert labels.targets.tolist() == [0, 1, 1, 1]
    assert len(labels.notes) == 1


def test_class_probabilities_are_soft_labels_of_the_classes_that_name_them(read: Read) -> None:
    labels = read(SOFT, "label_column=null", "soft_label_columns=[spiral,merger]")
    assert labels.classes == ("spiral", "merger")
    assert labels.targets.tolist() == [0, 0, 1, 0]
    assert labels.soft_targets is not None
    np.testing.assert_allclose(labels.soft_targets[:, 1], [0.3, 0.5, 0.9, 0], rtol=1e-6)
    assert "the largest probability of 1 image is shared" in labels.notes[0]


def test_rounded_probabilities_are_divided_by_their_sum(read: Read) -> None:
    columns = {"a": ["0.333"] * 2, "b": ["0.333"] * 2, "c": ["0.333"] * 2}
    labels = read(columns, "label_column=null", "soft_label_columns=[a,b,c]")
    assert labels.soft_targets is not None
    np.testing.assert_allclose(labels.soft_targets, 1 / 3, rtol=1e-6)


@pytest.mark.parametrize(
    ("columns", "overrides", "sentence"),
    [
        (
            {**SOFT, "merger": ["0.3", "0.6", "0.9", "0"]},
            ["label_column=null", "soft_label_columns=[spiral,merger]"],
            "dataset.soft_label_columns: the class probabilities of 1 row do not sum to 1, line 3; the first sum is 1.1. "
            "Divide them by their sum, or give them as dataset.vote_columns if several can apply to an image.",
        ),
        (
            {**SOFT, "merger": ["0.3", "", "0.9", "0"]},
            ["label_column=null", "soft_label_columns=[spiral,merger]"],
            "dataset.soft_label_columns: values of 1 row are not fractions from 0 to 1, line 3; the first has an empty cell "
            "in merger. Correct them, or remove the rows.",
        ),
        (
            {**SOFT, "class": ["spiral", "disk", "merger", "spiral"]},
            ["soft_label_columns=[spiral,merger]"],
            "dataset.label_column=class: disk is not one of the classes spiral, merger. Name the columns of probabilities as the "
            "classes, or set dataset.label_column=null.",
        ),
        (
            {"ann": ["a", "", "b"], "bob": ["b", "", ""]},
            ["label_column=null", "annotator_columns=[ann,bob]"],
            "dataset.annotator_columns: 1 row of dataset.table=a.csv have no class of any annotator, line 3. Fill one in, or remove "
            "the rows.",
        ),
        (
            {"ann": ["a", "a"], "bob": ["a", ""]},
            ["label_column=null", "annotator_columns=[ann,bob]"],
            "dataset.annotator_columns: the only class is a. Give a table of at least two classes.",
        ),
    ],
)
def test_labels_that_cannot_be_used_are_refused(
    read: Read, columns: dict[str, list[str]], overrides: list[str], sentence: str
) -> None:
    with pytest.raises(UserError) as refused:
        read(columns, *overrides)
    assert str(refused.value) == sentence


def test_every_column_of_labels_is_wanted_with_its_key(chosen: Any) -> None:
    settings = chosen("label_column=expert", "annotator_columns=[ann,bob]")
    assert label_columns(settings) == [
        ("dataset.label_column", "expert"),
        ("dataset.annotator_columns", "ann"),
        ("dataset.annotator_columns", "bob"),
    ]


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["label_column=null", "vote_columns=[a,b]", "soft_label_columns=[c,d]"],
            "dataset.vote_columns and dataset.soft_label_columns: set only one of them.",
        ),
        (
            ["label_column=null", "annotator_columns=[a,a]"],
            "dataset.annotator_columns: a is listed twice. List each column once.",
        ),
    ],
)
def test_columns_that_contradict_each_other_are_refused(
    chosen: Any, overrides: list[str], sentence: str
) -> None:
    with pytest.raises(UserError) as refused:
        chosen(*overrides)
    assert str(refused.value) == sentence
