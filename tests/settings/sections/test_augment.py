from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.settings import Settings, sections


@pytest.mark.parametrize("name", ["none", "flips", "dihedral"])
def test_exact_views_have_no_further_keys(settings: Callable[..., Settings], name: str) -> None:
    assert settings(f"augment={name}").augment == sections.ExactViews(name=name)


def test_arguments_of_a_custom_augmentation_are_checked(refusal: Callable[..., str]) -> None:
    target = "augment.target=fixtures.own_options.fade"
    sentence = refusal("augment=custom", target, "+augment.kwargs.strenght=1")
    assert sentence.startswith(
        "augment.kwargs={'strenght': 1}: got an unexpected keyword argument 'strenght'."
    )
