from __future__ import annotations

from typing import Any

import pytest
import torch

from astroclf.errors import UserError
from astroclf.training.losses import make_loss
from fixtures.own_options import hinge

CPU = torch.device("cpu")
LOGITS, TARGETS = torch.tensor([[2.0, 0.5], [0.1, 0.3]]), torch.tensor([0, 1])


@pytest.mark.parametrize("name", ["hinge", "Hinge"])
def test_a_function_and_a_class_are_made_with_kwargs(
    settings: Any, make_dataset: Any, name: str
) -> None:
    overrides = (f"loss.target=fixtures.own_options.{name}", "+loss.kwargs.margin=2")
    loss = make_loss(settings("loss=custom", *overrides).loss, make_dataset(), CPU)
    torch.testing.assert_close(loss(LOGITS, TARGETS), torch.tensor([0.5, 1.8]))


def test_class_weights_multiply_the_losses(settings: Any, make_dataset: Any) -> None:
    overrides = ("loss.target=fixtures.own_options.hinge", "loss.class_weights=[1,3]")
    loss = make_loss(settings("loss=custom", *overrides).loss, make_dataset(), CPU)
    weighted, plain = loss(LOGITS, TARGETS), hinge(LOGITS, TARGETS)
    assert weighted[1] / plain[1] == pytest.approx(3 * 0.5, abs=0.2)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("fixtures.own_options.mean_hinge", r"returned \(\), not \(2,\)"),
        ("torch.nn.functional.mse_loss", r"size of tensor|target size"),
    ],
)
def test_a_target_that_returns_no_losses_is_refused(
    settings: Any, make_dataset: Any, target: str, reason: str
) -> None:
    with pytest.raises(UserError, match=reason) as refused:
        make_loss(settings("loss=custom", f"loss.target={target}").loss, make_dataset(), CPU)
    assert str(refused.value).startswith(f"loss.target={target}: failed on two images")


def test_weights_of_vote_fractions_are_refused(settings: Any, make_dataset: Any) -> None:
    overrides = ("dataset.target=votes", "loss.target=fixtures.own_options.hinge")
    loss = settings("loss=custom", *overrides, "loss.class_weights=balanced").loss
    with pytest.raises(UserError, match=r"loss.class_weights=balanced: weights of vote fractions"):
        make_loss(loss, make_dataset(votes=True), CPU)
