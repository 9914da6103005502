from __future__ import annotations

from collections.abc import Callable

import pytest

Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["dataset.val_fraction=0.4", "dataset.test_fraction=0.6"],
            "dataset.val_fraction=0.4 and dataset.test_fraction=0.6 leave no images to train on. Choose a sum below 1.",
        ),
    ],
)
def test_values_that_contradict_each_other_are_refused(
    refusal: Refusal, overrides: list[str], sentence: str
) -> None:
    assert refusal(*overrides) == sentence
