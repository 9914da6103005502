from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.settings import Settings
from fixtures.trees import VOTED_GALAXIES

Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["loss.class_weights=balanced"],
            "loss.class_weights=balanced and loss.alpha=0.25 both weight the classes. Set loss.alpha=null or loss.class_weights=none.",
        ),
        (
            ["loss.form=softmax"],
            "loss.alpha=0.25: loss.form=softmax needs a list with one weight per class. Give a list, or choose loss.form=sigmoid.",
        ),
    ],
)
def test_weights_of_focal_loss_that_contradict_each_other_are_refused(
    refusal: Refusal, overrides: list[str], sentence: str
) -> None:
    assert refusal("loss=focal", *overrides) == sentence


@pytest.mark.parametrize(
    "overrides",
    [
        ["loss.alpha=null", "loss.class_weights=balanced"],
        ["loss.form=softmax", "loss.alpha=[1,2]"],
        ["loss.form=softmax", "loss.alpha=null"],
    ],
    ids=" ".join,
)
def test_weights_of_focal_loss_that_agree_are_accepted(
    settings: Callable[..., Settings], overrides: list[str]
) -> None:
    assert settings("loss=focal", *overrides).loss.focal_gamma == 2.0


@pytest.mark.parametrize(
    ("overrides", "activation"),
    [
        (["loss=ce"], "softmax"),
        (["loss=bce"], "normalized_sigmoid"),
        (["loss=focal"], "normalized_sigmoid"),
        (["loss=focal", "loss.form=softmax", "loss.alpha=null"], "softmax"),
    ],
)
def test_the_activation_belongs_to_the_loss(
    settings: Callable[..., Settings], overrides: list[str], activation: str
) -> None:
    assert settings(*overrides).loss.activation == activation


def test_the_head_of_squared_error_obeys_a_tree_where_there_is_one(
    settings: Callable[..., Settings],
) -> None:
    found = {
        head: [
            settings(*VOTED_GALAXIES, "loss=mse", f"loss.head={head}").loss.obeys_tree(has_tree)
            for has_tree in (True, False)
        ]
        for head in ("auto", "tree", "sigmoid")
    }
    assert found == {"auto": [True, False], "tree": [True, True], "sigmoid": [False, False]}
    assert not settings("loss=bce").loss.obeys_tree(True)


@pytest.mark.parametrize("loss", ["multinomial", "dirichlet_multinomial"])
def test_likelihoods_of_votes_take_no_weights_of_answers(loss: str, refusal: Refusal) -> None:
    text = refusal(*VOTED_GALAXIES, f"loss={loss}", "loss.class_weights=balanced")
    assert text.startswith("loss.class_weights=balanced")


def test_only_focal_loss_has_a_gamma(settings: Callable[..., Settings]) -> None:
    assert settings("loss=focal", "loss.gamma=3").loss.focal_gamma == 3
    assert settings("loss=ce").loss.focal_gamma == 0
