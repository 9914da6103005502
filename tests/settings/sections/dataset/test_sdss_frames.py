from __future__ import annotations

from collections.abc import Callable

import pytest

GIVEN = ("dataset=sdss_frames", "dataset.root=sdss", "dataset.fields=[80,103,120]")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("dataset.root=null",), "dataset.root is not set"),
        (
            ("dataset.val_fields=[7]", "dataset.test_fields=[]"),
            "dataset.val_fields=[7]: field 7 is not in dataset.fields",
        ),
        (("dataset.val_fields=[80]", "dataset.test_fields=[80]"), "field 80 is in both"),
        (
            ("dataset.val_fields=[80,103]", "dataset.test_fields=[120]"),
            "leave no field to train on",
        ),
        (("dataset.fields=[80,80]",), "should name each field once"),
    ],
)
def test_fields_that_do_not_fit_are_refused(
    refusal: Callable[..., str], overrides: tuple[str, ...], message: str
) -> None:
    assert message in refusal(*GIVEN, *overrides)
