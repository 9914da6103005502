"""Classifier: frozen weights stay unchanged to the last bit, in every network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from timm.layers import DropPath
from torch import Tensor, nn

from astroclf.models import Classifier, build_model
from astroclf.models.classifier import count_parameters, dense_layers
from astroclf.models.finetune import (
    NORMS,
    apply_finetune,
    layer_depths,
    parameter_groups,
)
from astroclf.models.lora import Adapter
from astroclf.training.optimizers import make_optimizer
from fixtures.networks import MODELS

STRATEGIES = ("classifier", "lora")
BATCH_NORM = nn.modules.batchnorm._BatchNorm


def build(settings: Any, model: str, *overrides: str) -> tuple[Classifier, Any]:
    """Return a network of random weights that all affect the output, with its strategy applied."""
    torch.manual_seed(3)
    chosen = settings(f"model={model}", "model.pretrained=false", "optimizer.lr=0.01", *overrides)
    classifier = build_model(chosen.model, channels=3, outputs=3, image_px=32).classifier
    for parameter in classifier.backbone.parameters():
        if parameter.ndim == 1:
            nn.init.uniform_(parameter, 0.5, 1.5)
    apply_finetune(classifier, chosen.finetune)
    return classifier, chosen


def snapshot(network: nn.Module) -> dict[str, Tensor]:
    """Parameters and every buffer, also those that a state dict leaves out."""
    named = [*network.named_parameters(), *network.named_buffers()]
    return {name: weight.detach().clone() for name, weight in named}


def take_steps(classifier: Classifier, settings: Any, steps: int = 2) -> torch.optim.Optimizer:
    groups = parameter_groups(classifier, settings.finetune, settings.optimizer.lr)
    optimizer = make_optimizer(settings.optimizer, groups)
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        classifier.train()
        images = 3 * torch.randn(4, 3, 32, 32, generator=generator) + 1
        loss = nn.functional.cross_entropy(classifier(images), torch.tensor([0, 1, 2, 0]))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return optimizer


def adapters_of(network: nn.Module) -> Iterator[tuple[str, Adapter]]:
    return ((name, part) for name, part in network.named_modules() if isinstance(part, Adapter))


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("model", MODELS)
def test_frozen_weights_stay_unchanged_to_the_last_bit(
    settings: Any, model: str, strategy: str
) -> None:
    classifier, chosen = build(settings, model, f"finetune={strategy}", "optimizer.weight_decay=1")
    before = snapshot(classifier)
    optimizer = take_steps(classifier, chosen)
    after = snapshot(classifier)
    trained = {name for name, weight in classifier.named_parameters() if weight.requires_grad}
    assert after.keys() == before.keys()
    for name, weight in after.items():
        if name in trained:
            assert not torch.equal(weight, before[name]), f"{name} did not train"
        else:
            assert torch.equal(weight, before[name]), f"{name} is frozen and changed"
    head = {f"head.{name}" for name, _ in classifier.head.named_parameters()}
    ups = {f"{name}.lora_B.weight" for name, _ in adapters_of(classifier)}
    downs = {f"{name}.lora_A.weight" for name, _ in adapters_of(classifier)}
    assert bool(ups) == (strategy == "lora")
    assert trained == head | ups | downs
    assert classifier.frozen == before.keys() - trained

    kept = {id(parameter) for parameter in optimizer.state}
    assert kept == {id(weight) for weight in classifier.parameters() if weight.requires_grad}
    in_groups = sum(len(group["params"]) for group in optimizer.param_groups)
    assert in_groups == len(trained)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("model", MODELS)
def test_a_frozen_backbone_stays_in_evaluation_mode(
    settings: Any, model: str, strategy: str
) -> None:
    """Also after `train`, so that the features of an image are the same in every batch."""
    classifier, _ = build(settings, model, f"finetune={strategy}", "model.dropout=0.5")
    assert classifier.train() is classifier
    adapters = dict(adapters_of(classifier))
    for name, module in classifier.backbone.named_modules():
        if isinstance(module, BATCH_NORM | nn.LayerNorm):
            assert not module.training, name
    if strategy == "classifier":
        assert not any(module.training for module in classifier.backbone.modules())
    assert all(adapter.dropout.training for adapter in adapters.values())
    assert all(module.training for module in classifier.head.modules())
    for module in drop_paths_of(classifier):  # which act between adapters that train
        module.eval()
    images = torch.randn(3, 3, 32, 32)
    with torch.no_grad():
        features = classifier.backbone(images)
        alone = classifier.backbone(images[:1])
        assert float((alone - features[:1]).abs().max() / features.abs().max()) < 1e-5
        assert torch.equal(classifier.backbone(images), features)
    classifier.eval()
    assert not any(module.training for module in classifier.modules())


def drop_paths_of(network: nn.Module) -> list[DropPath]:
    return [module for module in network.modules() if isinstance(module, DropPath)]


@pytest.mark.parametrize(
    ("strategy", "active"), [("full", True), ("lora", True), ("classifier", False)]
)
def test_stochastic_depth_is_active_where_parameters_train(
    settings: Any, strategy: str, active: bool
) -> None:
    chosen = ("model.name=convnext_atto", "model.drop_path=0.5", f"finetune={strategy}")
    classifier, _ = build(settings, "convnext", *chosen)
    assert drop_paths_of(classifier)
    assert all(module.training == active for module in drop_paths_of(classifier.train()))
    assert not any(module.training for module in drop_paths_of(classifier.eval()))


def test_stochastic_depth_is_off_in_frozen_stages(settings: Any) -> None:
    chosen = ("model.name=convnext_atto", "model.drop_path=0.5", "finetune.unfreeze_epochs=1")
    classifier, _ = build(settings, "convnext", *chosen)
    images, stages = torch.randn(2, 3, 32, 32), layer_depths(classifier.backbone, coarse=True)
    weights = dict(classifier.backbone.named_parameters())
    for parameter in weights.values():
        parameter.requires_grad = False
    classifier.train()
    with torch.no_grad():
        assert torch.equal(classifier.backbone(images), classifier.backbone(images))
    for name in (name for stage in stages[-2:] for name in stage):
        weights[name].requires_grad = True
    classifier.train()
    modes = [module.training for module in drop_paths_of(classifier)]
    assert modes == sorted(modes), "the last stages train"
    assert True in modes
    assert False in modes


def test_an_unfrozen_network_trains_all_modules(settings: Any) -> None:
    classifier, chosen = build(settings, "resnet34", "finetune=full")
    assert classifier.frozen == frozenset()
    before = snapshot(classifier)
    take_steps(classifier, chosen, steps=1)
    assert all(module.training for module in classifier.modules())
    after = snapshot(classifier)
    assert [name for name in after if torch.equal(after[name], before[name])] == []


@pytest.mark.parametrize(("dropout", "differs"), [(0.0, False), (0.5, True)])
def test_the_dropout_of_adapters_acts_in_training_alone(
    settings: Any, dropout: float, differs: bool
) -> None:
    classifier, _ = build(settings, "cnn", "finetune=lora", f"finetune.dropout={dropout}")
    for _, adapter in adapters_of(classifier):
        nn.init.normal_(adapter.lora_B.weight)
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        expected = classifier.eval().backbone(images)
        assert torch.equal(classifier.train().backbone(images), expected) != differs
        assert torch.equal(classifier.eval().backbone(images), expected)


@pytest.mark.parametrize("model", ["resnet34", "vit"])
def test_norms_and_biases_train_if_set_but_statistics_never(settings: Any, model: str) -> None:
    overrides = ("finetune=lora", "finetune.train_norms=true", "finetune.train_biases=true")
    classifier, chosen = build(settings, model, *overrides)
    norms = {
        f"backbone.{name}.{weight}"
        for name, module in classifier.backbone.named_modules()
        if isinstance(module, NORMS)
        for weight, _ in module.named_parameters()
    }
    before = snapshot(classifier)
    take_steps(classifier, chosen)
    after = snapshot(classifier)
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    buffers = {name for name, _ in classifier.named_buffers()}
    biases = {name for name, _ in classifier.named_parameters() if name.endswith("bias")}
    assert norms
    assert norms <= changed
    assert not changed & buffers
    assert biases - changed <= {name for name in biases if "qkv" in name}, "keys gain nothing"
    plain, _ = build(settings, model, "finetune=lora")
    assert count_parameters(classifier)[1] > count_parameters(plain)[1]


@pytest.mark.parametrize("model", MODELS)
def test_trained_parameters_are_counted(settings: Any, model: str) -> None:
    full, _ = build(settings, model, "finetune=full")
    total, trained = count_parameters(full)
    assert total == trained == sum(weight.numel() for weight in full.parameters())

    head_alone, _ = build(settings, model, "finetune=classifier")
    head = sum(weight.numel() for weight in head_alone.head.parameters())
    assert count_parameters(head_alone) == (total, head)

    lora, _ = build(settings, model, "finetune=lora", "finetune.rank=4")
    added = sum(
        4 * (adapter.base.weight.shape[0] + adapter.base.weight[0].numel())
        for _, adapter in adapters_of(lora)
    )
    assert count_parameters(lora) == (total + added, head + added)
    assert added > 0


def test_a_head_of_several_layers() -> None:
    head = dense_layers(6, [5, 4], 3, dropout=0.25)
    kinds = [type(layer) for layer in head]
    assert kinds == [nn.Dropout, nn.Linear, nn.ReLU] * 2 + [nn.Dropout, nn.Linear]
    shapes = [(layer.in_features, layer.out_features) for layer in head if hasattr(layer, "bias")]
    assert shapes == [(6, 5), (5, 4), (4, 3)]
    assert {layer.p for layer in head if isinstance(layer, nn.Dropout)} == {0.25}


def test_logits_are_those_of_the_head_on_the_features(settings: Any) -> None:
    classifier, _ = build(settings, "mobilenetv3", "finetune=classifier")
    images = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        features = classifier.eval().backbone(images)
        assert features.shape == (2, classifier.width)
        assert torch.equal(classifier(images), classifier.head(features))
