from __future__ import annotations

from typing import Literal

import pytest
import torch
from torch import nn

from astroclf.models import Classifier
from astroclf.models.classifier import dense_layers
from astroclf.models.cnn import build_cnn, convolution


def make_cnn(
    channels: int,
    outputs: int,
    image_px: int,
    *,
    widths: tuple[int, ...],
    hidden_units: tuple[int, ...] = (256, 256),
    dropout: float = 0.5,
    pool: Literal["flatten", "average"] = "flatten",
) -> Classifier:
    backbone, width = build_cnn(channels, image_px, widths, pool)
    return Classifier(backbone, dense_layers(width, hidden_units, outputs, dropout), width)


@pytest.mark.parametrize("pool", ["flatten", "average"])
@pytest.mark.parametrize("image_px", [1, 7, 16, 33])
@pytest.mark.parametrize("batch", [2, 5])
def test_images_of_any_size_become_logits(
    pool: Literal["flatten", "average"], image_px: int, batch: int
) -> None:
    network = make_cnn(3, 4, image_px, widths=(4, 6, 8), hidden_units=(10, 10), pool=pool)
    images = torch.randn(batch, 3, image_px, image_px)
    assert network.backbone(images).shape == (batch, network.width)
    assert network(images).shape == (batch, 4)


def test_a_single_image_is_classified() -> None:
    network = make_cnn(3, 2, 8, widths=(4,), hidden_units=(5,)).eval()
    assert network(torch.randn(1, 3, 8, 8)).shape == (1, 2)


def test_convolutions_share_no_weights() -> None:
    network = make_cnn(3, 2, 16, widths=(4, 8))
    kernels = [layer.weight for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert [tuple(kernel.shape[:2]) for kernel in kernels] == [(4, 3), (4, 4), (8, 4), (8, 8)]
    assert len({kernel.data_ptr() for kernel in kernels}) == 4


def test_every_convolution_is_normalized_and_every_dense_layer_has_dropout() -> None:
    network = make_cnn(3, 2, 16, widths=(4, 8), hidden_units=(7,), dropout=0.3)

    def count(kind: type) -> int:
        return sum(isinstance(layer, kind) for layer in network.modules())

    assert count(nn.Conv2d) == count(nn.BatchNorm2d) == 4
    assert count(nn.Linear) == count(nn.Dropout) == 2
    assert {layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)} == {0.3}


def test_average_pooling_is_invariant_to_translation() -> None:
    network = make_cnn(1, 2, 16, widths=(4,), hidden_units=(), pool="average").eval()
    image = torch.zeros(1, 1, 16, 16)
    image[..., 4:6, 4:6] = 1
    torch.testing.assert_close(network(image), network(image.roll((6, 4), (-2, -1))))


def test_a_convolution_keeps_the_size() -> None:
    for kernel_px in (1, 3, 9):
        assert convolution(2, 5, kernel_px)(torch.randn(2, 2, 11, 11)).shape == (2, 5, 11, 11)


def test_without_hidden_units_there_is_one_dense_layer() -> None:
    layers = dense_layers(6, (), 3, 0.0)
    assert [type(layer) for layer in layers] == [nn.Dropout, nn.Linear]
