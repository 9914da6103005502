from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.settings import Settings

Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["dataset=image_folder"],
            "dataset.root is not set. Give the folder with train/, val/ and test/, or with one folder per class, as dataset.root=<folder>.",
        ),
    ],
)
def test_a_missing_root_is_refused(refusal: Refusal, overrides: list[str], sentence: str) -> None:
    assert refusal(*overrides) == sentence


@pytest.mark.parametrize(
    "overrides",
    [
        ["dataset=image_folder", "dataset.root=images"],
    ],
    ids=" ".join,
)
def test_a_root_is_accepted(settings: Callable[..., Settings], overrides: list[str]) -> None:
    assert settings(*overrides).dataset.target_kind == "classes"
