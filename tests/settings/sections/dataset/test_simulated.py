from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.settings import Settings

Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["dataset.seeing_arcsec=[2,1]"],
            "dataset.seeing_arcsec=[2, 1]: should be [smallest, largest].",
        ),
        (
            ["dataset.signal_to_noise=[9,3]"],
            "dataset.signal_to_noise=[9, 3]: should be [smallest, largest].",
        ),
    ],
)
def test_values_that_contradict_each_other_are_refused(
    refusal: Refusal, overrides: list[str], sentence: str
) -> None:
    assert refusal(*overrides) == sentence


@pytest.mark.parametrize(
    "overrides",
    [
        ["dataset.seeing_arcsec=[1,1]"],
    ],
    ids=" ".join,
)
def test_values_that_agree_are_accepted(
    settings: Callable[..., Settings], overrides: list[str]
) -> None:
    assert settings(*overrides).dataset.target_kind == "classes"


def test_target_votes_yields_vote_fractions(settings: Callable[..., Settings]) -> None:
    dataset = settings("dataset.target=votes", "loss=mse").dataset
    assert dataset.target_kind == "votes"
    assert not dataset.has_tree


def test_votes_of_galaxy_zoo_2_are_on_a_tree(settings: Callable[..., Settings]) -> None:
    chosen = settings("dataset.target=galaxy_zoo_2", "loss=multinomial", "trainer.monitor=rmse")
    assert chosen.dataset.has_tree
