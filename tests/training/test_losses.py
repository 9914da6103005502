from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from torch import Tensor

from astroclf.errors import UserError
from astroclf.training.losses import (
    binary_cross_entropy,
    cross_entropy,
    make_loss,
    sigmoid_focal,
    softmax_focal,
    squared_error,
)

CPU = torch.device("cpu")
EPSILON = 1e-7
LABEL_LOSSES: dict[str, Callable[..., Tensor]] = {
    "ce": cross_entropy,
    "bce": binary_cross_entropy,
    "sigmoid_focal": sigmoid_focal,
    "softmax_focal": softmax_focal,
}
VOTE_LOSSES: dict[str, Callable[..., Tensor]] = {"bce": binary_cross_entropy, "mse": squared_error}


def draw(batch: int, outputs: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """(B, K) float64 logits and (B,) labels."""
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(batch, outputs, generator=generator, dtype=torch.float64)
    return logits, torch.randint(outputs, (batch,), generator=generator)


def published_sigmoid_focal(
    logits: Tensor, truth: Tensor, gamma: float, alpha: float | None
) -> Tensor:
    p = logits.sigmoid().clamp(EPSILON, 1 - EPSILON)
    p_t = torch.where(truth == 1, p, 1 - p)
    alpha_t = 1.0 if alpha is None else torch.where(truth == 1, alpha, 1 - alpha)
    return (-alpha_t * (1 - p_t) ** gamma * p_t.log()).mean(dim=1)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_is_that_of_torch(smoothing: float) -> None:
    logits, labels = draw(7, 4)
    weights = torch.tensor([1.0, 2.0, 0.5, 3.0], dtype=torch.float64)
    expected = F.cross_entropy(
        logits, labels, weight=weights, label_smoothing=smoothing, reduction="none"
    )
    torch.testing.assert_close(cross_entropy(logits, labels, smoothing, weights), expected)


def test_binary_cross_entropy_is_its_formula() -> None:
    logits, _ = draw(5, 3)
    votes = torch.rand(5, 3, dtype=torch.float64)
    weights = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
    s = 1 / (1 + torch.exp(-logits))
    smoothed = votes * 0.8 + 0.1
    expected = -(weights * (smoothed * s.log() + (1 - smoothed) * (1 - s).log())).mean(dim=1)
    torch.testing.assert_close(binary_cross_entropy(logits, votes, 0.2, weights), expected)


def test_squared_error_is_its_formula() -> None:
    logits, _ = draw(5, 3)
    votes = torch.rand(5, 3, dtype=torch.float64)
    weights = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
    expected = (weights * (1 / (1 + torch.exp(-logits)) - votes) ** 2).mean(dim=1)
    torch.testing.assert_close(squared_error(logits, votes, weights), expected)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
@pytest.mark.parametrize("alpha", [None, 0.25, 0.9])
def test_sigmoid_focal_is_the_published_formula(gamma: float, alpha: float | None) -> None:
    logits, labels = draw(50, 4)
    truth = F.one_hot(labels, 4)
    torch.testing.assert_close(
        sigmoid_focal(logits, labels, gamma, alpha),
        published_sigmoid_focal(logits, truth, gamma, alpha),
        rtol=1e-5,
        atol=1e-9,
    )


def test_sigmoid_focal_with_alpha_a_class_weighs_the_true_side() -> None:
    logits, labels = draw(20, 3)
    truth = F.one_hot(labels, 3)
    alpha = torch.tensor([0.2, 1.0, 3.0], dtype=torch.float64)
    p = logits.sigmoid()
    p_t = torch.where(truth == 1, p, 1 - p)
    expected = -(torch.where(truth == 1, alpha, 1.0) * (1 - p_t) ** 2 * p_t.log()).mean(dim=1)
    torch.testing.assert_close(sigmoid_focal(logits, labels, 2.0, alpha), expected)


def test_sigmoid_focal_without_gamma_and_alpha_is_binary_cross_entropy() -> None:
    logits, labels = draw(20, 3)
    torch.testing.assert_close(
        sigmoid_focal(logits, labels, 0.0, None), binary_cross_entropy(logits, labels)
    )


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
def test_softmax_focal_is_its_formula(gamma: float) -> None:
    logits, labels = draw(50, 4)
    alpha = torch.tensor([0.2, 1.0, 3.0, 0.7], dtype=torch.float64)
    p_y = logits.softmax(dim=1)[torch.arange(50), labels].clamp(EPSILON, 1 - EPSILON)
    expected = -alpha[labels] * (1 - p_y) ** gamma * p_y.log()
    found = softmax_focal(logits, labels, gamma, alpha)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-9)


def test_softmax_focal_without_gamma_is_cross_entropy() -> None:
    logits, labels = draw(20, 3)
    torch.testing.assert_close(softmax_focal(logits, labels, 0.0), cross_entropy(logits, labels))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("form", [sigmoid_focal, softmax_focal])
def test_focal_is_stable_at_any_gamma(form: Callable[..., Tensor], gamma: float) -> None:
    logits = torch.tensor([[1e4, -1e4], [-1e4, 1e4], [0.0, 0.0]], requires_grad=True)
    losses = form(logits, torch.tensor([0, 0, 0]), gamma=gamma, alpha=None)
    losses.sum().backward()
    assert torch.isfinite(losses).all()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", LABEL_LOSSES)
@pytest.mark.parametrize("size", [1.0, 30.0, 200.0, 1e4])
def test_labels_give_finite_losses_and_gradients_in_float32(name: str, size: float) -> None:
    logits = size * torch.tensor([[1.0, -1.0, 0.0], [-1.0, 1.0, -1.0]])
    logits.requires_grad_()
    kind = {} if name in ("ce", "bce") else {"alpha": None}
    for label in range(3):
        losses = LABEL_LOSSES[name](logits, torch.full((2,), label), **kind)
        assert losses.dtype == torch.float32
        assert torch.isfinite(losses).all()
        (gradient,) = torch.autograd.grad(losses.sum(), logits)
        assert torch.isfinite(gradient).all()


def test_a_sure_and_wrong_network_still_learns() -> None:
    logits = torch.tensor([[-1e4, 1e4]], requires_grad=True)
    for loss in LABEL_LOSSES.values():
        (gradient,) = torch.autograd.grad(loss(logits, torch.tensor([0])).sum(), logits)
        assert gradient[0, 0] < 0, "the logit of the true class should rise"


@hypothesis_settings(deadline=None, max_examples=25)
@given(batch=st.integers(1, 6), outputs=st.integers(2, 7), seed=st.integers(0, 1000))
@pytest.mark.parametrize("name", LABEL_LOSSES)
def test_an_image_has_the_same_loss_alone_and_in_a_batch(
    name: str, batch: int, outputs: int, seed: int
) -> None:
    logits, labels = draw(batch, outputs, seed)
    kind = {} if name in ("ce", "bce") else {"alpha": None}
    together = LABEL_LOSSES[name](logits, labels, **kind)
    alone = [LABEL_LOSSES[name](logits[i : i + 1], labels[i : i + 1], **kind) for i in range(batch)]
    assert together.shape == (batch,)
    assert (together >= 0).all()
    torch.testing.assert_close(together, torch.cat(alone))


@hypothesis_settings(deadline=None, max_examples=25)
@given(batch=st.integers(1, 6), outputs=st.integers(1, 37), seed=st.integers(0, 1000))
@pytest.mark.parametrize("name", VOTE_LOSSES)
def test_votes_give_one_loss_an_image(name: str, batch: int, outputs: int, seed: int) -> None:
    logits, _ = draw(batch, outputs, seed)
    votes = torch.rand(batch, outputs, generator=torch.Generator().manual_seed(seed)).double()
    losses = VOTE_LOSSES[name](logits, votes)
    assert losses.shape == (batch,)
    torch.testing.assert_close(losses[:1], VOTE_LOSSES[name](logits[:1], votes[:1]))


@pytest.mark.parametrize("name", ["bce", "sigmoid_focal"])
def test_labels_and_their_indicators_are_the_same_truth(name: str) -> None:
    logits, labels = draw(9, 4)
    indicators = F.one_hot(labels, 4).float()
    torch.testing.assert_close(
        LABEL_LOSSES[name](logits, labels), LABEL_LOSSES[name](logits, indicators)
    )


@pytest.mark.parametrize("name", LABEL_LOSSES)
def test_a_class_weight_multiplies_the_loss_of_its_images(name: str) -> None:
    logits, labels = draw(40, 3)
    weights = torch.tensor([0.5, 4.0, 1.5], dtype=torch.float64)
    kind = {} if name in ("ce", "bce") else {"alpha": None}
    plain = LABEL_LOSSES[name](logits, labels, **kind)
    weighted = LABEL_LOSSES[name](logits, labels, weights=weights, **kind)
    torch.testing.assert_close(weighted, plain * weights[labels])


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        (
            ["loss=ce", "loss.class_weights=[1,2,3]"],
            "loss.class_weights=[1.0, 2.0, 3.0]: 3 numbers for 2 classes",
        ),
        (["loss=focal", "loss.alpha=[0.5,1,1]"], "loss.alpha=[0.5, 1.0, 1.0]: 3 numbers"),
    ],
)
def test_a_list_for_other_classes_is_refused(
    settings: Any, make_dataset: Any, overrides: list[str], key: str
) -> None:
    with pytest.raises(UserError, match=re.escape(key)):
        make_loss(settings(*overrides).loss, make_dataset(), CPU)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["loss=ce", "loss.label_smoothing=0.1"], lambda x, y: cross_entropy(x, y, 0.1)),
        (["loss=bce"], binary_cross_entropy),
        (["loss=focal"], lambda x, y: sigmoid_focal(x, y, 2.0, 0.25)),
        (
            ["loss=focal", "loss.form=softmax", "loss.gamma=1", "loss.alpha=[1,2]"],
            lambda x, y: softmax_focal(x, y, 1.0, torch.tensor([2 / 3, 4 / 3])),
        ),
    ],
)
def test_settings_choose_the_loss(
    settings: Any, make_dataset: Any, overrides: list[str], expected: Callable[..., Tensor]
) -> None:
    logits, labels = draw(6, 2)
    loss = make_loss(settings(*overrides).loss, make_dataset(), CPU)
    torch.testing.assert_close(loss(logits, labels), expected(logits, labels))
