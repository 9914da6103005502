from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.settings import Settings


@pytest.mark.parametrize(
    ("overrides", "freezes", "cacheable"),
    [
        (["finetune=full"], False, False),
        (["finetune=lora"], True, False),
        (["finetune=classifier"], True, True),
        (["finetune=classifier", "finetune.cache_features=false"], True, False),
        (["finetune=custom", "finetune.target=fixtures.own_options.train_last"], True, False),
    ],
)
def test_strategies_that_freeze_the_backbone_and_whose_features_are_cached(
    settings: Callable[..., Settings], overrides: list[str], freezes: bool, cacheable: bool
) -> None:
    strategy = settings(*overrides).finetune
    assert strategy.freezes_backbone == freezes
    assert strategy.is_cacheable == cacheable


def test_layers_of_adapters_are_not_empty(refusal: Callable[..., str]) -> None:
    sentence = refusal("finetune=lora", "finetune.layers=[]")
    assert sentence == "finetune.layers=[]: should be a list of at least 1."
