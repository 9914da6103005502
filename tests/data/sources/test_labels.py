from __future__ import annotations

import pytest

from astroclf.data.sources.labels import (
    class_name,
    ordered_classes,
    split_name,
    warn_of_ambiguous_splits,
    warn_of_similar_classes,
)


@pytest.mark.parametrize(
    ("text", "split"),
    [
        *((word, "train") for word in ("train", "Train", " TRAINING ", "train_set", "trainset")),
        *((word, "val") for word in ("val", "Valid", "Validation", "validate", "dev", "val-split")),
        *((word, "test") for word in ("test", "TEST", "testing", "Test data", "test_images")),
        *((word, word) for word in ("hand_test", "test_b", "set", "", "Field 12", "datatrain")),
    ],
)
def test_common_words_for_splits_are_accepted_in_any_case(text: str, split: str) -> None:
    assert split_name(text) == split


def test_accents_of_a_class_have_one_form() -> None:
    assert class_name(" E\u0301toile\u00a0") == "\u00c9toile"


def test_classes_that_are_numbers_are_in_numeric_order() -> None:
    assert ordered_classes(["10", "2", "0", "2"]) == ("0", "2", "10")
    assert ordered_classes(["0.5", "-1", "1e1"]) == ("-1", "0.5", "1e1")
    assert ordered_classes(["10", "2", "b"]) == ("10", "2", "b")
    assert ordered_classes(["nan", "2", "10"]) == ("10", "2", "nan")
    assert ordered_classes(["1_0", "2"]) == ("1_0", "2")


@pytest.mark.parametrize(
    ("classes", "warning"),
    [
        (("Star", "galaxy", "star"), "Star and star"),
        (("E\u0301toile", "\u00c9toile"), "E\u0301toile and \u00c9toile"),
        (("a  b", "a b"), "a  b and a b"),
        (("1", "1.0", "2"), "1 and 1.0"),
        (("star", "stars"), None),
        (("spiral arm", "spiral_arm", "spiral-arm"), "spiral arm and spiral_arm and spiral-arm"),
        (("s\u200btar", "star"), "s\u200btar and star"),
    ],
)
def test_classes_with_similar_names_give_a_warning(
    caplog: pytest.LogCaptureFixture, classes: tuple[str, ...], warning: str | None
) -> None:
    warn_of_similar_classes(classes)
    assert len(caplog.messages) == (warning is not None)
    assert warning is None or f"different classes: {warning}." in caplog.text


@pytest.mark.parametrize("text", ["star\u00a0", "\ufeffstar", "star\u200b \t", "\u200e star"])
def test_blanks_and_invisible_characters_are_stripped_from_classes(text: str) -> None:
    assert class_name(text) == "star"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Validation2", "val"), ("01_train", "train"), ("dev2", "val"), ("train", None), ("hand_test", None),
        ("evaluation", None), ("test", None),
    ],
)  # fmt: skip
def test_splits_that_begin_with_train_or_val_give_a_warning(
    caplog: pytest.LogCaptureFixture, name: str, meant: str | None
) -> None:
    warn_of_ambiguous_splits(["train", name])
    assert len(caplog.messages) == (meant is not None)
    assert meant is None or f"Split {name} is only evaluated" in caplog.text
    assert meant is None or f"name it {meant}." in caplog.text
