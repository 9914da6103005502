"""Labels of a data set, and the decision that undoes the effect of the loss."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from astroclf.evaluation.labels import VoteLabels
from astroclf.tasks.labels import labels_of, plain_decision
from astroclf.training.losses import BUILDERS


def test_labels_are_those_of_the_positions_with_their_groups(make_dataset: Any) -> None:
    dataset = replace(make_dataset(6, n_classes=3), groups=np.array(list("aabbcc")))
    labels = labels_of(dataset, np.array([4, 1]))
    np.testing.assert_array_equal(labels.targets, dataset.targets[[4, 1]])
    assert labels.groups is not None
    assert labels.groups.tolist() == ["c", "a"]
    votes = replace(dataset, targets=np.full((6, 3), 0.5, np.float32))
    assert isinstance(labels_of(votes, np.arange(6)), VoteLabels)


def test_vote_fractions_have_sigmoids_and_no_class_weights(
    settings: Any, make_dataset: Any
) -> None:
    votes = replace(make_dataset(6, n_classes=3), targets=np.full((6, 3), 0.5, np.float32))
    chosen = settings(
        "dataset.target=votes", "loss=bce", "loss.class_weights=balanced", "trainer.monitor=rmse"
    )
    decision = plain_decision(chosen, votes)
    assert decision.activation.name == "sigmoid"
    assert decision.class_weights is None


@pytest.mark.parametrize(
    "overrides",
    [
        ["loss=ce"],
        ["loss=bce"],
        ["loss=focal", "loss.alpha=null", "loss.gamma=2"],
        ["loss=focal", "loss.alpha=null", "loss.gamma=0.5", "loss.form=softmax"],
        ["loss=focal", "loss.class_weights=none", "loss.alpha=0.7"],
        ["loss=focal", "loss.class_weights=none", "loss.alpha=[0.3,1,2]"],
        ["loss=focal", "loss.class_weights=none", "loss.alpha=[0.3,1,2]", "loss.form=softmax"],
    ],
)
@pytest.mark.parametrize("weights", ["balanced", "[1,10,3]"])
def test_the_minimum_of_every_weighted_loss_gives_the_true_probabilities(
    settings: Any, make_dataset: Any, overrides: list[str], weights: str
) -> None:
    dataset = make_dataset(60, n_classes=3)
    dataset = replace(dataset, targets=np.repeat([0, 1, 2], [40, 15, 5]).astype(np.int64))
    chosen = settings(f"loss.class_weights={weights}", *overrides)
    build = BUILDERS[chosen.loss.name]
    made = cast("partial[Any]", build(chosen.loss, dataset, torch.device("cpu")))
    doubled = {
        k: v.double() if isinstance(v, torch.Tensor) else v for k, v in made.keywords.items()
    }
    loss = partial(made.func, **doubled)
    truth = torch.tensor([0.72, 0.2, 0.08], dtype=torch.float64)
    labels = torch.arange(3)

    def expected_loss(z: np.ndarray) -> tuple[float, np.ndarray]:
        logits = torch.tensor(z, requires_grad=True)
        value = (truth * loss(logits.expand(3, 3), labels)).sum()
        (slope,) = torch.autograd.grad(value, logits)
        return value.item(), slope.numpy()

    z = minimize(expected_loss, np.zeros(3), jac=True, options={"gtol": 1e-10}).x
    found = plain_decision(chosen, dataset).probabilities(z[None])[0]
    np.testing.assert_allclose(found, truth, atol=1e-6)


@pytest.mark.parametrize(
    "overrides", [["loss=ce"], ["loss=bce"], ["loss=focal", "loss.alpha=null"]]
)
def test_balanced_sampling_is_undone_as_class_weights_are(
    settings: Any, make_dataset: Any, overrides: list[str]
) -> None:
    dataset = make_dataset(60, n_classes=3)
    dataset = replace(
        dataset,
        targets=np.repeat([0, 1, 2], [40, 15, 5]).astype(np.int64),
        split=np.full(60, "train"),
    )
    sampled = plain_decision(settings("trainer.sampler=balanced", *overrides), dataset)
    weighted = plain_decision(settings("loss.class_weights=balanced", *overrides), dataset)
    logits = np.random.default_rng(0).normal(size=(9, 3))
    np.testing.assert_allclose(
        sampled.probabilities(logits), weighted.probabilities(logits), rtol=1e-6
    )
