from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from astroclf.errors import UserError
from astroclf.models import build_model
from astroclf.models.galaxy_cnn import GalaxyCnn

SMALL = {"widths": (4, 6, 8, 10), "hidden_units": (12,)}


@pytest.mark.parametrize("image_px", [16, 25, 45, 64])
def test_images_of_any_size_become_logits(image_px: int) -> None:
    network = GalaxyCnn(3, 37, **SMALL)  # type: ignore[arg-type]
    assert network(torch.randn(2, 3, image_px, image_px)).shape == (2, 37)


def test_its_kernels_are_those_of_the_paper() -> None:
    network = GalaxyCnn(3, 37)
    convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.kernel_size[0] for layer in convolutions] == [9, 5, 3, 3]
    assert [layer.out_channels for layer in convolutions] == [64, 128, 256, 512]
    assert sum(isinstance(layer, nn.MaxPool2d) for layer in network.modules()) == 4


def test_one_set_of_weights_fits_images_of_any_size() -> None:
    small, large = GalaxyCnn(1, 2, **SMALL), GalaxyCnn(1, 2, **SMALL)  # type: ignore[arg-type]
    large.load_state_dict(small.state_dict())
    image = torch.randn(2, 1, 48, 48)
    torch.testing.assert_close(small.eval()(image), large.eval()(image))


def test_images_too_small_for_its_poolings_are_refused(settings: Any) -> None:
    with pytest.raises(UserError, match=r"model=galaxy_cnn wants images of 16 px or more"):
        build_model(settings("model=galaxy_cnn").model, channels=3, outputs=2, image_px=15)
