from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.mark.parametrize(
    ("override", "wanted"),
    [
        ("debug.n_images=1", "greater than or equal to 2"),
        ("debug.epochs=0", "greater than or equal to 1"),
    ],
)
def test_values_out_of_range_are_refused(
    refusal: Callable[..., str], override: str, wanted: str
) -> None:
    assert refusal("debug=overfit", override) == f"{override}: should be {wanted}."
