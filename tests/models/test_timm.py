"""Backbones of timm: names, weights, sizes and features of the stages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from astroclf.errors import UserError
from astroclf.inference.features import hash_backbone
from astroclf.models import Classifier, build_model
from astroclf.models import timm as module
from astroclf.models.classifier import Backbone
from astroclf.models.timm import build

NAME = "test_resnet"  # the smallest that timm has


def make(settings: Any, *overrides: str, channels: int = 3) -> Backbone:
    names = [] if any(o.startswith("model.name") for o in overrides) else [f"model.name={NAME}"]
    return build(settings("model=timm", *names, *overrides).model, channels, 32)


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, torch.Tensor]:
    """Weights that the hub would have given."""
    torch.manual_seed(7)
    weights = timm.create_model(NAME).state_dict()
    save_file(weights, tmp_path / "model.safetensors")
    monkeypatch.setattr(
        module, "find_imagenet_weights", lambda name: tmp_path / "model.safetensors"
    )
    return weights


@pytest.mark.parametrize(
    ("name", "near"),
    [("mobilenet_v3_small_100", "mobilenetv3_small_100"), ("ResNet-34", "resnet34")],
)
def test_an_unknown_name_suggests_similar_ones(settings: Any, name: str, near: str) -> None:
    with pytest.raises(
        UserError, match=rf"model\.name={name}: not a network of timm\. Similar names: .*{near}"
    ):
        make(settings, f"model.name={name}")


def test_a_name_without_similar_ones_is_refused(settings: Any) -> None:
    with pytest.raises(UserError, match="lists all names"):
        make(settings, "model.name=zzzzqqqq")


def test_unknown_weights_of_a_known_network_are_refused(settings: Any) -> None:
    with pytest.raises(
        UserError, match=r"timm has no such weights\. Choose one of .*a1_in1k.* for resnet34"
    ):
        make(settings, "model.name=resnet34.nonsense")


def test_published_weights_are_used(settings: Any, published: dict[str, torch.Tensor]) -> None:
    backbone = make(settings)
    assert (backbone.weights, backbone.warning) == ("imagenet", None)
    state = backbone.network.state_dict()
    assert set(published) - set(state) == {"fc.weight", "fc.bias"}, "the head is ours"
    assert backbone.width == published["fc.weight"].shape[1]
    assert all(torch.equal(state[name], published[name]) for name in state)


def test_published_weights_fit_one_band(settings: Any, published: dict[str, torch.Tensor]) -> None:
    backbone = make(settings, channels=1)
    assert backbone.weights == "imagenet"
    stem = next(iter(backbone.network.state_dict().values()))
    colors = next(iter(published.values()))
    torch.testing.assert_close(stem, colors.sum(dim=1, keepdim=True))


def test_pretrained_auto_warns_without_weights(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_imagenet_weights", lambda name: "the hub is shut")
    backbone = make(settings)
    assert backbone.weights == "random"
    assert "starts from RANDOM weights" in str(backbone.warning)
    assert "the hub is shut" in str(backbone.warning)


def test_pretrained_true_fails_without_weights(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_imagenet_weights", lambda name: "the hub is shut")
    with pytest.raises(UserError, match=r"model\.pretrained=true.*the hub is shut.*HF_HOME"):
        make(settings, "model.pretrained=true")


def test_pretrained_false_does_not_search_for_weights(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_imagenet_weights", lambda name: pytest.fail("searched"))
    backbone = make(settings, "model.pretrained=false")
    assert (backbone.weights, backbone.warning) == ("random", None)


def test_a_vit_is_made_for_the_size_of_the_images(settings: Any) -> None:
    network: Any = make(
        settings, "model.name=vit_tiny_patch16_224", "model.pretrained=false"
    ).network
    assert network.patch_embed.grid_size == (2, 2)


@pytest.mark.parametrize("image_px", [8, 40])
def test_a_size_that_patches_do_not_fill_is_refused(settings: Any, image_px: int) -> None:
    chosen = settings("model=vit", "model.pretrained=false").model
    with pytest.raises(
        UserError, match=rf"^dataset\.image_px={image_px}: not a multiple of the 16 px of a patch"
    ):
        build(chosen, 3, image_px)


def test_dropout_and_drop_path_reach_the_network(settings: Any) -> None:
    chosen = settings(
        "model=convnext",
        "model.pretrained=false",
        "model.dropout=0.3",
        "model.drop_path=0.2",
    ).model
    built = build_model(chosen, channels=3, outputs=4, image_px=32).classifier
    assert {layer.p for layer in built.head.modules() if isinstance(layer, nn.Dropout)} == {0.3}
    rates = [getattr(layer, "drop_prob", 0.0) for layer in built.backbone.modules()]
    assert max(rates) == pytest.approx(0.2)


TIMM = ["convnext", "efficientnet_lite", "mobilenet", "mobilenetv3", "resnet34", "vit"]


@pytest.mark.parametrize("model", TIMM)
def test_stage_features_are_the_mean_maps_and_the_last_features(settings: Any, model: str) -> None:
    plain, stages = (
        build(
            settings(
                f"model={model}", "model.pretrained=false", f"model.features={features}"
            ).model,
            3,
            32,
        )
        for features in ("last", "stages")
    )
    network = stages.network
    assert list(network.state_dict()) == list(plain.network.state_dict()), (
        "weights keep their names"
    )
    network.load_state_dict(plain.network.state_dict())
    images = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        last = plain.network.eval()(images)
        maps = plain.network.forward_intermediates(images, intermediates_only=True)
        found = stages.extract(network.eval(), images)
    assert found.shape == (2, stages.width)
    torch.testing.assert_close(found[:, -plain.width :], last)
    torch.testing.assert_close(
        found[:, : -plain.width], torch.cat([each.flatten(2).mean(dim=2) for each in maps], dim=1)
    )
    assert len(maps) >= 4
    hashes = {
        hash_backbone(Classifier(each.network, nn.Identity(), each.width, each.extract))
        for each in (plain, stages)
    }
    assert len(hashes) == 2, "their features are cached apart"


def test_every_weight_has_a_gradient_through_stage_features(settings: Any) -> None:
    backbone = make(settings, "model.pretrained=false", "model.features=stages")
    features = backbone.extract(backbone.network.train(), torch.randn(4, 3, 32, 32))
    features.square().mean().backward()
    assert all(parameter.grad is not None for parameter in backbone.network.parameters())


def test_a_network_without_intermediate_features_is_refused(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(timm.models.resnet.ResNet, "forward_intermediates")
    with pytest.raises(
        UserError, match=r"model\.features=stages: timm has no features of the stages"
    ):
        make(settings, "model.pretrained=false", "model.features=stages")


def test_images_too_small_for_the_network_are_refused(settings: Any) -> None:
    chosen = settings("model=timm", "model.name=edgenext_xx_small", "model.pretrained=false").model
    with pytest.raises(
        UserError, match=r"^dataset\.image_px=16: .* fails on such images.*Choose a larger size"
    ):
        build(chosen, channels=3, image_px=16)
