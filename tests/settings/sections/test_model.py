from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.mark.parametrize("model", ["cnn", "galaxy_cnn"])
def test_a_network_that_is_not_from_timm_takes_no_other_name(
    refusal: Callable[..., str], model: str
) -> None:
    sentence = refusal(f"model={model}", "model.name=resnet50")
    assert "chosen by model=timm model.name=resnet50" in sentence
