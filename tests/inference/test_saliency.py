from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from astroclf.data.preprocess import Preprocess
from astroclf.inference.predictor import Predictor
from astroclf.inference.saliency import explain, find_feature_map, grad_cam
from astroclf.models import build_model
from astroclf.models.classifier import Classifier
from astroclf.settings import sections

BASE = {"weights": None, "pretrained": False, "hidden_units": [], "dropout": 0.0}


def quadrant_network(px: int = 16) -> Classifier:
    """Return a network without training: class 1 by the light in the upper left quadrant, class 0 by that
    in the lower right one."""
    smooth = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    nn.init.constant_(smooth.weight, 1 / 9)
    backbone = nn.Sequential(smooth, nn.ReLU(inplace=True), nn.AvgPool2d(2), nn.Flatten())
    side = px // 2
    head = nn.Linear(side * side, 2, bias=False)
    weights = torch.zeros(2, side, side)
    weights[1, : side // 2, : side // 2] = 1
    weights[0, side // 2 :, side // 2 :] = 1
    head.weight.data = weights.flatten(1)
    return Classifier(backbone, head, side * side)


def share_in(evidence: Tensor, rows: slice, columns: slice) -> float:
    return float(evidence[:, rows, columns].sum() / evidence.sum())


def test_evidence_lies_in_the_quadrant_that_decides() -> None:
    network = quadrant_network()
    images = torch.ones(2, 1, 16, 16)  # equally bright everywhere
    layer = find_feature_map(network, images[:1])
    assert layer is not None
    assert (layer.name, layer.grid) == ("backbone.2", (8, 8))
    of_one = grad_cam(network, layer, images, torch.tensor([1, 1]))
    of_zero = grad_cam(network, layer, images, torch.tensor([0, 0]))
    assert share_in(of_one, slice(0, 4), slice(0, 4)) == pytest.approx(1)
    assert share_in(of_zero, slice(4, 8), slice(4, 8)) == pytest.approx(1)
    assert of_one.amax() == 1


def test_an_image_without_evidence_is_zero_everywhere() -> None:
    network = quadrant_network()
    images = torch.zeros(1, 1, 16, 16)
    images[:, :, 10:, 10:] = 1
    layer = find_feature_map(network, images)
    assert layer is not None
    assert grad_cam(network, layer, images, torch.tensor([1])).amax() == 0


def reference_grad_cam(network: Classifier, layer: nn.Module, image: Tensor, k: int) -> Tensor:
    """Return Grad-CAM by equations 1 and 2 of Selvaraju et al. (2017)."""
    maps: list[Tensor] = []

    def keep(module: nn.Module, inputs: object, output: Tensor) -> None:
        output.retain_grad()
        maps.append(output)

    handle = layer.register_forward_hook(keep)
    network(image.requires_grad_())[0, k].backward()
    handle.remove()
    assert maps[0].grad is not None
    alpha = maps[0].grad.mean(dim=(2, 3), keepdim=True)
    cam = (alpha * maps[0]).sum(dim=1).relu().detach()
    return cam / cam.max()


def test_maps_equal_grad_cam_where_the_head_averages() -> None:
    torch.manual_seed(0)
    settings = sections.Cnn.model_validate(
        {**BASE, "family": "cnn", "name": "cnn", "widths": [4, 8], "pool": "average"}
    )
    network = build_model(settings, channels=3, outputs=3, image_px=16).classifier.eval()
    image = torch.randn(1, 3, 16, 16)
    layer = find_feature_map(network, image)
    assert layer is not None
    assert layer.grid == (4, 4)
    module = network.get_submodule(layer.name)
    references = {k: reference_grad_cam(network, module, image.clone(), k) for k in range(3)}
    with_evidence = {k: each for k, each in references.items() if torch.isfinite(each).all()}
    assert with_evidence
    for k, reference in with_evidence.items():
        found = grad_cam(network, layer, image, torch.tensor([k]))
        torch.testing.assert_close(found, reference, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("resnet10t", "maps"),
        ("tf_efficientnet_lite0", "maps"),
        ("convnext_atto", "maps"),
        ("vit_tiny_patch16_224", "tokens"),
        ("swin_tiny_patch4_window7_224", "channels_last"),
    ],
)
def test_the_map_of_networks_of_timm_is_the_last_with_positions(name: str, form: str) -> None:
    import timm

    px = 224 if "swin" in name else 64
    options = {"img_size": px} if name.startswith("vit") else {}
    backbone = timm.create_model(name, num_classes=0, **options)
    network = Classifier(backbone, nn.Linear(backbone.num_features, 2), backbone.num_features)
    example = torch.randn(1, 3, px, px)
    layer = find_feature_map(network, example)
    assert layer is not None
    assert layer.form == form
    assert layer.grid[0] * layer.grid[1] >= 4
    evidence = grad_cam(network, layer, example, torch.tensor([1]))
    assert evidence.shape == (1, *layer.grid)
    assert 0 <= evidence.min() <= evidence.max() <= 1


def test_a_network_without_positions_has_no_explanation() -> None:
    network = Classifier(nn.Flatten(), nn.Linear(48, 2), 48)
    predictor = Predictor(network, Preprocess("srgb", (255.0,) * 3, (0.5,) * 3, (0.2,) * 3))
    images = np.zeros((2, 3, 4, 4), np.uint8)
    assert explain(predictor, images, np.array([0, 1])) is None


def test_stored_images_are_preprocessed_before_they_are_explained() -> None:
    predictor = Predictor(quadrant_network(), Preprocess("srgb", (255.0,), (0.0,), (1.0,)))
    images = np.full((3, 1, 16, 16), 100, np.uint8)
    explained = explain(predictor, images, np.array([1, 0, 1]))
    assert explained is not None
    assert explained.maps.shape == (3, 8, 8)
    assert explained.maps[0, :4, :4].min() > 0
    assert explained.maps[1, :4, :4].max() == 0
