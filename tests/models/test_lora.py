"""LoRA: adapters equal those of peft, start as the base layer and merge into its weight."""

from __future__ import annotations

import copy
from typing import Any

import peft
import pytest
import timm
import torch
from timm.layers import Conv2dSame, StdConv2d
from torch import Tensor, nn

from astroclf.errors import UserError
from astroclf.models import build_model
from astroclf.models.lora import Adapter, adaptable_layers, add_adapters, merge_adapters
from fixtures.networks import MODELS

LAYERS = {
    "linear": (lambda: nn.Linear(7, 9), (3, 7)),
    "linear without bias": (lambda: nn.Linear(9, 7, bias=False), (3, 9)),
    "linear on tokens": (lambda: nn.Linear(6, 18), (2, 5, 6)),
    "1 x 1": (lambda: nn.Conv2d(6, 10, 1), (2, 6, 8, 8)),
    "3 x 3": (lambda: nn.Conv2d(6, 10, 3, padding=1, bias=False), (2, 6, 8, 8)),
    "stride": (lambda: nn.Conv2d(6, 10, 3, stride=2, padding=1), (2, 6, 9, 9)),
    "oblong": (lambda: nn.Conv2d(4, 6, (5, 3), stride=(2, 1), padding=(2, 1)), (2, 4, 9, 8)),
    "same padding": (lambda: Conv2dSame(6, 10, 3, stride=2), (2, 6, 8, 8)),
    "same padding, odd": (lambda: Conv2dSame(6, 10, 5, stride=2), (2, 6, 11, 11)),
}


def build_backbone(settings: Any, model: str) -> nn.Module:
    torch.manual_seed(3)
    chosen = settings(f"model={model}", "model.pretrained=false").model
    backbone = build_model(chosen, channels=3, outputs=2, image_px=32).classifier.backbone
    for parameter in backbone.parameters():
        if parameter.ndim == 1:  # residual branches that start at zero would hide what they do
            nn.init.uniform_(parameter, 0.5, 1.5)
    return backbone.eval()


def adapters_of(network: nn.Module) -> dict[str, Adapter]:
    return {name: part for name, part in network.named_modules() if isinstance(part, Adapter)}


def disturb(network: nn.Module) -> None:
    """Give the adapters an effect, small enough for the outputs to stay finite."""
    for adapter in adapters_of(network).values():
        nn.init.normal_(adapter.lora_B.weight, std=0.02)


def largest_difference(found: Tensor, expected: Tensor) -> float:
    """In units of the largest expected value, if that is above 1."""
    return float((found - expected).abs().max() / expected.abs().max().clamp(min=1))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(("rank", "alpha"), [(1, 1.0), (4, 3.0), (6, 12.0)])
def test_outputs_equal_those_of_peft(layer: str, rank: int, alpha: float) -> None:
    torch.manual_seed(0)
    make, shape = LAYERS[layer]
    base = make()
    config = peft.LoraConfig(
        r=rank,
        lora_alpha=alpha,
        target_modules=["layer"],
        lora_dropout=0.0,
        init_lora_weights=False,
    )
    theirs = peft.get_peft_model(nn.ModuleDict({"layer": copy.deepcopy(base)}), config)
    their_layer = theirs.base_model.model["layer"]
    ours = Adapter(base, rank, alpha, dropout=0.0)
    with torch.no_grad():
        down, up = their_layer.lora_A["default"].weight, their_layer.lora_B["default"].weight
        assert (ours.lora_A.weight.shape, ours.lora_B.weight.shape) == (down.shape, up.shape)
        ours.lora_A.weight.copy_(down)
        ours.lora_B.weight.copy_(up)
    images = torch.randn(shape)
    with torch.inference_mode():
        expected = their_layer(images)
        changed = float((expected - base(images)).abs().max())
        torch.testing.assert_close(ours(images), expected, atol=1e-5, rtol=1e-5)
    assert changed > 1e-2
    before = base(images)
    assert ours.merged() is base
    torch.testing.assert_close(base(images), expected, atol=1e-5, rtol=1e-5)
    assert not torch.equal(base(images), before)


def test_gradients_equal_those_of_peft() -> None:
    torch.manual_seed(0)
    base = nn.Conv2d(6, 10, 3, stride=2, padding=1)
    config = peft.LoraConfig(
        r=4, lora_alpha=8, target_modules=["layer"], lora_dropout=0.0, init_lora_weights=False
    )
    theirs = peft.get_peft_model(nn.ModuleDict({"layer": copy.deepcopy(base)}), config)
    their_layer = theirs.base_model.model["layer"]
    ours = Adapter(base, 4, 8.0, dropout=0.0)
    down, up = their_layer.lora_A["default"].weight, their_layer.lora_B["default"].weight
    with torch.no_grad():
        ours.lora_A.weight.copy_(down)
        ours.lora_B.weight.copy_(up)
    images = torch.randn(2, 6, 8, 8)
    ours(images).square().sum().backward()
    their_layer(images).square().sum().backward()
    torch.testing.assert_close(ours.lora_A.weight.grad, down.grad, atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(ours.lora_B.weight.grad, up.grad, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"padding": 2, "dilation": 2},
        {"padding": 1, "padding_mode": "reflect"},
        {"padding": 2, "padding_mode": "circular", "stride": 2},
        {"padding": "same", "padding_mode": "replicate"},
    ],
)
def test_dilated_and_padded_convolutions_merge(options: dict[str, Any]) -> None:
    """peft forgets the dilation of its first convolution, so it is no reference here."""
    torch.manual_seed(0)
    base = nn.Conv2d(6, 10, 3, **options)
    adapter = Adapter(base, 4, 8.0, dropout=0.0)
    nn.init.normal_(adapter.lora_B.weight)
    images = torch.randn(2, 6, 9, 9)
    adapted, before = adapter(images).detach(), base(images).detach()
    torch.testing.assert_close(adapter.merged()(images), adapted, atol=1e-5, rtol=1e-5)
    assert float((adapted - before).abs().max()) > 0.1


def test_dropout_acts_on_the_change_alone() -> None:
    torch.manual_seed(0)
    adapter = Adapter(nn.Linear(8, 8), 4, 4.0, dropout=0.5)
    nn.init.normal_(adapter.lora_B.weight)
    inputs = torch.randn(2, 8)
    torch.manual_seed(1)
    adapted = adapter.train()(inputs)
    torch.manual_seed(1)
    dropped = torch.nn.functional.dropout(inputs, 0.5)
    torch.testing.assert_close(
        adapted,
        adapter.base(inputs) + adapter.lora_B(adapter.lora_A(dropped)),
        atol=1e-6,
        rtol=1e-6,
    )
    assert not torch.equal(adapted, adapter.eval()(inputs))


@pytest.mark.parametrize("model", MODELS)
def test_adapters_start_as_the_base_and_merge_into_a_copy(settings: Any, model: str) -> None:
    backbone = build_backbone(settings, model)
    images = torch.randn(2, 3, 32, 32)
    names = list(backbone.state_dict())
    with torch.inference_mode():
        base = backbone(images)
    chosen = add_adapters(backbone, None, rank=16, alpha=32.0, dropout=0.3)
    backbone.eval()
    assert list(adapters_of(backbone)) == chosen
    with torch.inference_mode():
        assert torch.equal(backbone(images), base)
    disturb(backbone)
    with torch.inference_mode():
        adapted = backbone(images)
    merged_backbone = merge_adapters(backbone)
    assert list(merged_backbone.state_dict()) == names
    with torch.inference_mode():
        merged = merged_backbone(images)
        assert torch.equal(backbone(images), adapted), "the adapted network stays as it is"
    assert merge_adapters(merged_backbone) is merged_backbone
    assert largest_difference(adapted, base) > 1e-4, "or nothing would be shown"
    assert largest_difference(merged, adapted) < 1e-5


def kinds(backbone: nn.Module) -> set[tuple[str, tuple[int, ...]]]:
    """Of the layers that would be adapted: linear or convolution, and the kernel."""
    chosen = add_adapters(backbone, None, rank=4, alpha=8.0, dropout=0.0)
    bases = [adapters_of(backbone)[name].base for name in chosen]
    return {
        ("linear", ())
        if isinstance(base, nn.Linear)
        else ("convolution", tuple(map(int, base.kernel_size)))
        for base in bases
    }


# convnext_atto writes the linear layers of its MLPs as 1 x 1 convolutions.
@pytest.mark.parametrize(
    ("model", "expected", "count"),
    [
        ("vit", ("linear", ()), 48),
        ("convnext", ("convolution", (1, 1)), 24),
        ("mobilenet", ("convolution", (1, 1)), 13),
        ("mobilenetv3", ("convolution", (1, 1)), 41),
        ("efficientnet_lite", ("convolution", (1, 1)), 32),
        ("resnet34", ("convolution", (3, 3)), 32),
        ("timm", ("convolution", (3, 3)), 16),
        ("cnn", ("convolution", (3, 3)), 5),
    ],
)
def test_the_layers_of_each_family(
    settings: Any, model: str, expected: tuple[str, tuple[int, ...]], count: int
) -> None:
    backbone = build_backbone(settings, model)
    assert kinds(backbone) == {expected}
    assert len(adapters_of(backbone)) == count


def test_all_but_the_first_of_a_plain_network(settings: Any) -> None:
    backbone = build_backbone(settings, "galaxy_cnn")
    assert kinds(backbone) == {("convolution", (5, 5)), ("convolution", (3, 3))}
    assert len(adapters_of(backbone)) == 3


def test_a_convnext_with_linear_layers() -> None:
    backbone = timm.create_model("convnextv2_atto", num_classes=0, conv_mlp=False)
    assert kinds(backbone) == {("linear", ())}
    names = list(adapters_of(backbone))
    assert all(".mlp.fc" in name for name in names)


def test_depthwise_convolutions_and_stems_are_not_adapted(settings: Any) -> None:
    for model in ("mobilenet", "mobilenetv3", "efficientnet_lite"):
        backbone = build_backbone(settings, model)
        add_adapters(backbone, None, rank=4, alpha=8.0, dropout=0.0)
        layers = {name: layer for name, layer in adaptable_layers(backbone) if "." in name}
        grouped = [name for name, layer in layers.items() if getattr(layer, "groups", 1) > 1]
        assert grouped
        assert not any(name.endswith(".base") for name in grouped)
        assert isinstance(backbone.conv_stem, nn.Conv2d)


def test_layers_smaller_than_the_rank_are_not_adapted_by_default(settings: Any) -> None:
    """The squeezing convolutions of a MobileNetV3 have 8 channels."""
    backbone = build_backbone(settings, "mobilenetv3")
    squeeze = "blocks.0.0.se.conv_reduce"
    chosen = add_adapters(backbone, None, rank=16, alpha=16.0, dropout=0.0)
    assert squeeze not in chosen
    assert len(chosen) == 39
    assert squeeze in add_adapters(
        build_backbone(settings, "mobilenetv3"), None, rank=8, alpha=8.0, dropout=0.0
    )


@pytest.mark.parametrize("model", ["vit", "resnet34"])
def test_layers_are_chosen_by_patterns(settings: Any, model: str) -> None:
    patterns = {
        "vit": ("blocks.*.attn.qkv", "blocks.0.mlp.*"),
        "resnet34": ("layer4.*.conv1", "layer4.0.downsample.0"),
    }
    expected = {
        "vit": {f"blocks.{i}.attn.qkv" for i in range(12)}
        | {"blocks.0.mlp.fc1", "blocks.0.mlp.fc2"},
        "resnet34": {f"layer4.{i}.conv1" for i in range(3)} | {"layer4.0.downsample.0"},
    }
    backbone = build_backbone(settings, model)
    chosen = add_adapters(backbone, patterns[model], rank=2, alpha=2.0, dropout=0.0)
    assert set(chosen) == set(adapters_of(backbone)) == expected[model]


def test_a_pattern_without_match_lists_the_layers(settings: Any) -> None:
    backbone = build_backbone(settings, "resnet34")
    before = list(backbone.state_dict())
    with pytest.raises(
        ValueError,
        match=r"^layers=\['blocks\.\*'\]: matches no layer\. There are conv1, layer1\.0\.conv1, .*\.\.\.",
    ):
        add_adapters(backbone, ["blocks.*"], rank=4, alpha=8.0, dropout=0.0)
    assert list(backbone.state_dict()) == before


def test_a_network_without_adaptable_layers_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^layers: the network has none"):
        add_adapters(nn.Sequential(nn.Flatten()), ["*"], rank=1, alpha=1.0, dropout=0.0)


@pytest.mark.parametrize("model", ["mobilenet", "efficientnet_lite"])
def test_grouped_convolutions_are_refused(settings: Any, model: str) -> None:
    backbone = build_backbone(settings, model)
    with pytest.raises(
        ValueError, match=r"^layers: blocks\.0\.0\.conv_dw is a convolution in 32 groups"
    ):
        add_adapters(backbone, ["blocks.*.conv_dw"], rank=1, alpha=8.0, dropout=0.0)


@pytest.mark.parametrize(
    ("layer", "largest"),
    [
        (nn.Linear(5, 9), 5),
        (nn.Linear(9, 4), 4),
        (nn.Conv2d(2, 40, 3), 18),
        (nn.Conv2d(8, 6, 1), 6),
    ],
)
def test_a_rank_larger_than_the_layer_is_refused(layer: nn.Module, largest: int) -> None:
    network = nn.ModuleDict({"only": layer})
    with pytest.raises(
        ValueError,
        match=rf"^rank={largest + 1}: larger than the layer only .* Choose {largest} at most",
    ):
        add_adapters(network, ["only"], rank=largest + 1, alpha=1.0, dropout=0.0)
    assert add_adapters(network, ["only"], rank=largest, alpha=1.0, dropout=0.0) == ["only"]


def test_a_refused_layer_leaves_the_network_unchanged(settings: Any) -> None:
    backbone = build_backbone(settings, "mobilenet")
    before = list(backbone.state_dict())
    with pytest.raises(ValueError, match="in 32 groups"):
        add_adapters(backbone, ["conv_stem", "blocks.*"], rank=1, alpha=8.0, dropout=0.0)
    assert list(backbone.state_dict()) == before


def test_weight_standardized_layers_are_not_adapted() -> None:
    """A standardized weight has no scale, so that a merged change would be another one."""
    standardized = nn.Sequential(StdConv2d(3, 8, 3), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 3))
    chosen = add_adapters(standardized, ["*"], rank=2, alpha=2.0, dropout=0.0)
    assert chosen == ["1", "2"]
    with pytest.raises(ValueError, match=r"^layers: the network has none"):
        add_adapters(nn.Sequential(StdConv2d(3, 8, 3)), None, rank=2, alpha=2.0, dropout=0.0)


def test_reading_the_weight_of_an_adapted_layer_is_refused() -> None:
    class Past(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = nn.Linear(4, 6)

        def forward(self, inputs: Tensor) -> Tensor:
            return nn.functional.linear(inputs, self.qkv.weight)

    network = Past()
    add_adapters(network, None, rank=2, alpha=2.0, dropout=0.0)
    with pytest.raises(UserError, match=r"adapts Linear\(in_features=4, .*Adapt other layers"):
        network(torch.zeros(1, 4))
