from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from astroclf.errors import UserError
from astroclf.models import Classifier, build_model
from astroclf.models.classifier import dense_layers
from astroclf.models.galaxy_cnn import build_galaxy_cnn


def make_small(channels: int, outputs: int) -> Classifier:
    backbone, width = build_galaxy_cnn(channels, widths=(4, 6, 8, 10))
    return Classifier(backbone, dense_layers(width, (12,), outputs, dropout=0.5), width)


@pytest.mark.parametrize("image_px", [16, 25, 45, 64])
def test_images_of_any_size_become_logits(image_px: int) -> None:
    network, images = make_small(3, 37), torch.randn(2, 3, image_px, image_px)
    assert network.backbone(images).shape == (2, network.width)
    assert network(images).shape == (2, 37)


def test_its_kernels_are_those_of_the_paper(settings: Any) -> None:
    chosen = settings("model=galaxy_cnn").model
    network = build_model(chosen, channels=3, outputs=37, image_px=64).classifier
    convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.kernel_size[0] for layer in convolutions] == [9, 5, 3, 3]
    assert [layer.out_channels for layer in convolutions] == [64, 128, 256, 512]
    assert sum(isinstance(layer, nn.MaxPool2d) for layer in network.modules()) == 4


def test_one_set_of_weights_fits_images_of_any_size() -> None:
    small, large = make_small(1, 2), make_small(1, 2)
    large.load_state_dict(small.state_dict())
    image = torch.randn(2, 1, 48, 48)
    torch.testing.assert_close(small.eval()(image), large.eval()(image))


def test_images_too_small_for_its_poolings_are_refused(settings: Any) -> None:
    with pytest.raises(UserError, match=r"too small for model=galaxy_cnn. Choose 16 or more"):
        build_model(settings("model=galaxy_cnn").model, channels=3, outputs=2, image_px=15)
