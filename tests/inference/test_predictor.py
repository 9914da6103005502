from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from astroclf.data.loader import Batches, ResidentImages
from astroclf.data.preprocess import fit_preprocess
from astroclf.inference.predictor import run_network
from astroclf.training.losses import cross_entropy

CPU = torch.device("cpu")


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Dropout(0.5), nn.Linear(144, 2)
    )


def make_batches(dataset: Any, batch_size: int) -> Batches:
    return Batches(
        ResidentImages(dataset.images, CPU),
        torch.from_numpy(dataset.targets),
        dataset.indices("val"),
        fit_preprocess(dataset),
        batch_size=batch_size,
    )


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_every_image_is_seen_once_in_order(
    make_dataset: Any, network: nn.Module, batch_size: int
) -> None:
    dataset = make_dataset(24)
    found = run_network(network, make_batches(dataset, batch_size), cross_entropy)
    preprocess, val = fit_preprocess(dataset), dataset.indices("val")
    values = preprocess.normalise(preprocess.scale(torch.from_numpy(dataset.images[val])))
    with torch.no_grad():
        logits = network.eval()(values)
    losses = cross_entropy(logits, torch.from_numpy(dataset.targets[val]))
    np.testing.assert_allclose(found.logits, logits.numpy(), atol=1e-6)
    np.testing.assert_allclose(found.losses, losses.numpy(), atol=1e-6)
    assert (found.logits.dtype, found.losses.dtype) == (np.float32, np.float64)


def test_looking_changes_nothing(make_dataset: Any, network: nn.Module) -> None:
    before = copy.deepcopy(network.state_dict())
    state = torch.get_rng_state()
    batches = make_batches(make_dataset(24), 4)
    first = run_network(network.train(), batches, cross_entropy)
    again = run_network(network.train(), batches, cross_entropy)
    np.testing.assert_array_equal(first.logits, again.logits)
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_image_with_a_logit_that_is_not_finite_has_a_nan_loss(
    make_dataset: Any, value: float
) -> None:
    """An infinite logit of the true class would otherwise have a loss of zero."""
    dataset = make_dataset(24)

    class Broken(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            logits = torch.zeros(len(images), 2)
            logits[1, 0] = value
            return logits

    losses = run_network(Broken(), make_batches(dataset, 64), cross_entropy).losses
    assert np.flatnonzero(np.isnan(losses)).tolist() == [1]
