"""Fine-tuning: learning rates per layer, gradual unfreezing and adapters."""

from __future__ import annotations

from typing import Any

import pytest
import timm
import torch
from torch import nn

from astroclf.errors import UserError
from astroclf.models import Classifier, build_model
from astroclf.models.finetune import (
    apply_finetune,
    layer_depths,
    parameter_groups,
)
from astroclf.training.optimizers import make_optimizer
from fixtures.networks import MODELS


def build(settings: Any, model: str, *overrides: str) -> tuple[Classifier, Any]:
    torch.manual_seed(3)
    chosen = settings(f"model={model}", "model.pretrained=false", *overrides)
    classifier = build_model(chosen.model, channels=3, outputs=3, image_px=32).classifier
    apply_finetune(classifier, chosen.finetune)
    return classifier, chosen


def names_of(classifier: Classifier) -> dict[int, str]:
    return {id(parameter): name for name, parameter in classifier.named_parameters()}


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_every_parameter_is_in_one_layer(settings: Any, model: str, coarse: bool) -> None:
    backbone = build(settings, model)[0].backbone
    layers = layer_depths(backbone, coarse=coarse)
    names = [name for layer in layers for name in layer]
    assert sorted(names) == sorted(name for name, _ in backbone.named_parameters())
    assert len(layers) > 1
    assert all(layers)
    first = next(name for name, weight in backbone.named_parameters() if weight.ndim > 1)
    assert first in layers[0], "layers are counted from the images on"


@pytest.mark.parametrize("model", MODELS)
def test_layer_decay_is_geometric(settings: Any, model: str) -> None:
    overrides = ("finetune.layer_decay=0.5", "finetune.head_lr=0.3")
    classifier, chosen = build(settings, model, *overrides)
    groups = parameter_groups(classifier, chosen.finetune, lr=0.01)
    *layers, head = groups
    assert [group["lr"] for group in layers] == pytest.approx(
        [0.01 * 0.5**steps for steps in reversed(range(len(layers)))]
    )
    assert head["name"] == "head"
    assert head["lr"] == 0.3
    assert len({group["name"] for group in groups}) == len(groups)
    names = names_of(classifier)
    found = [names[id(parameter)] for group in groups for parameter in group["params"]]
    assert sorted(found) == sorted(names.values())


@pytest.mark.parametrize(("head_lr", "expected"), [("null", 0.01), ("0.2", 0.2)])
@pytest.mark.parametrize("strategy", ["full", "lora"])
def test_the_head_has_its_own_rate(
    settings: Any, strategy: str, head_lr: str, expected: float
) -> None:
    overrides = (f"finetune={strategy}", f"finetune.head_lr={head_lr}")
    classifier, chosen = build(settings, "cnn", *overrides)
    groups = parameter_groups(classifier, chosen.finetune, lr=0.01)
    name = {"full": "backbone", "lora": "adapters"}[strategy]
    assert {group["name"]: group["lr"] for group in groups} == {name: 0.01, "head": expected}


def test_a_frozen_backbone_has_no_group(settings: Any) -> None:
    classifier, chosen = build(settings, "cnn", "finetune=classifier")
    (group,) = parameter_groups(classifier, chosen.finetune, lr=0.01)
    assert (group["name"], group["lr"]) == ("head", 0.01)
    assert [id(p) for p in group["params"]] == [id(p) for p in classifier.head.parameters()]


def test_rates_reach_the_optimizer_and_norms_are_not_decayed(settings: Any) -> None:
    overrides = ("finetune.layer_decay=0.5", "optimizer.lr=0.01", "optimizer.weight_decay=0.1")
    classifier, chosen = build(settings, "cnn", *overrides)
    groups = parameter_groups(classifier, chosen.finetune, chosen.optimizer.lr)
    optimizer = make_optimizer(chosen.optimizer, groups)
    rate = {id(p): group["lr"] for group in groups for p in group["params"]}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            assert group["lr"] == rate[id(parameter)]
            assert group["weight_decay"] == (0.1 if parameter.ndim > 1 else 0)
    assert sum(len(group["params"]) for group in optimizer.param_groups) == len(rate)


def test_weights_of_the_network_itself_are_its_first_layer() -> None:
    class Positioned(nn.Sequential):
        def __init__(self) -> None:
            super().__init__(nn.Linear(4, 4), nn.Linear(4, 4))
            self.positions = nn.Parameter(torch.zeros(4))

    assert layer_depths(Positioned()) == [
        ["positions"],
        ["0.weight", "0.bias"],
        ["1.weight", "1.bias"],
    ]


def test_gradual_unfreezing_of_a_network_without_stages_is_refused() -> None:
    with pytest.raises(UserError, match=r"unfreeze_epochs: timm defines no stages of RDNet"):
        layer_depths(timm.create_model("rdnet_tiny", num_classes=0), coarse=True)


def test_an_error_about_adapters_names_the_key(settings: Any) -> None:
    chosen = settings("model=cnn", "finetune=lora", "finetune.layers=[nothing.*]")
    classifier = build_model(chosen.model, channels=3, outputs=2, image_px=32).classifier
    with pytest.raises(UserError, match=r"^finetune\.layers=\['nothing\.\*'\]: matches no layer"):
        apply_finetune(classifier, chosen.finetune)
