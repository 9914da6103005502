from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.settings import Settings


@pytest.mark.parametrize("threads", ["auto", 3])
def test_threads_are_a_number_or_auto(settings: Callable[..., Settings], threads: object) -> None:
    assert settings(f"trainer.threads={threads}").trainer.threads == threads


@pytest.mark.parametrize(
    ("override", "wanted"),
    [
        ("trainer.threads=0", "'auto' or greater than or equal to 1"),
        ("trainer.ema_decay=1", "less than 1"),
        ("trainer.channels_last=maybe", "'auto' or a boolean, unable to interpret input"),
    ],
)
def test_values_out_of_range_are_refused(
    refusal: Callable[..., str], override: str, wanted: str
) -> None:
    assert refusal(override).startswith(f"{override}: should be {wanted.partition(',')[0]}")
