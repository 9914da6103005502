from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from astroclf.bundle import read_bundle
from astroclf.bundle.ensemble_network import EnsembleNetwork
from astroclf.evaluation.decisions.activation import SIGMOID, SOFTMAX
from astroclf.evaluation.decisions.decision import Decision


def test_certain_members_have_finite_logits(
    tmp_path: Path, write_tiny: Callable[..., Path]
) -> None:
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (4, 3, 8, 8)))
    for activation in (SOFTMAX, SIGMOID):
        folder = write_tiny(
            tmp_path / activation.name, decision=Decision(activation, temperature=1e-3)
        )
        network = EnsembleNetwork([read_bundle(folder, "cpu")] * 2, activation)
        assert torch.isfinite(network(images)).all()


def test_gradients_reach_every_member(tmp_path: Path, write_tiny: Callable[..., Path]) -> None:
    members = [read_bundle(write_tiny(tmp_path / str(s), seed=s), "cpu") for s in (1, 2)]
    network = EnsembleNetwork(members, SOFTMAX)
    network(torch.full((2, 3, 8, 8), 100.0)).sum().backward()
    for member in members:
        gradient = next(member.predictor.network.parameters()).grad
        assert gradient is not None
        assert gradient.abs().sum() > 0


@pytest.mark.parametrize("n_images", [1, 3])
def test_members_average_eight_views_of_an_image(
    n_images: int, tmp_path: Path, write_tiny: Callable[..., Path]
) -> None:
    member = read_bundle(write_tiny(tmp_path / "a", tta_views=8), "cpu")
    images = np.random.default_rng(1).integers(0, 256, (n_images, 3, 8, 8), dtype=np.uint8)
    network = EnsembleNetwork([member, member], SOFTMAX)
    expected = np.log(member.predict(images))
    assert network(torch.from_numpy(images)).detach().numpy() == pytest.approx(expected, abs=1e-5)
