from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.settings import Settings


@pytest.mark.parametrize(("target", "has_tree"), [("votes", True), ("classes", False)])
def test_votes_have_a_tree_and_classes_have_none(
    settings: Callable[..., Settings], target: str, has_tree: bool
) -> None:
    loss = "loss=mse" if has_tree else "loss=ce"
    chosen = settings("dataset=galaxy_zoo", "dataset.root=.", f"dataset.target={target}", loss)
    assert chosen.dataset.target_kind == target
    assert chosen.dataset.has_tree == has_tree


def test_unknown_cuts_are_refused(refusal: Callable[..., str]) -> None:
    message = refusal(
        "dataset=galaxy_zoo", "dataset.root=.", "dataset.target=classes", "dataset.vote_cuts=six"
    )
    assert message == (
        "dataset.vote_cuts=six: no cuts of dataset.vote_schema=galaxy_zoo_2. Choose five_classes or two_classes."
    )


def test_a_missing_root_is_refused(refusal: Callable[..., str]) -> None:
    assert refusal("dataset=galaxy_zoo", "loss=mse").startswith("dataset.root is not set.")
