from __future__ import annotations

import pytest

from astroclf.data.sources.labels import (
    class_name,
    ordered_classes,
    split_name,
    warn_of_look_alikes,
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
def test_usual_words_of_splits_are_understood_in_any_case(text: str, split: str) -> None:
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
    ],
)
def test_classes_that_look_alike_are_warned_of(
    caplog: pytest.LogCaptureFixture, classes: tuple[str, ...], warning: str | None
) -> None:
    warn_of_look_alikes(classes)
    assert len(caplog.messages) == (warning is not None)
    assert warning is None or f"kept apart: {warning}." in caplog.text
