"""Gradual unfreezing of a backbone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from astroclf.models import Classifier, build_model
from astroclf.models.finetune import apply_finetune, layer_depths, parameter_groups
from astroclf.tasks.unfreezing import GradualUnfreezing
from astroclf.training.optimizers import make_optimizer
from astroclf.training.progress import Progress


def build(settings: Any, model: str, *overrides: str) -> tuple[Classifier, Any]:
    torch.manual_seed(3)
    chosen = settings(f"model={model}", "model.pretrained=false", *overrides)
    classifier = build_model(chosen.model, channels=3, outputs=3, image_px=32).classifier
    apply_finetune(classifier, chosen.finetune)
    return classifier, chosen


def at_epoch(epoch: int) -> Any:
    return SimpleNamespace(progress=Progress(epoch=epoch))


def snapshot(network: nn.Module) -> dict[str, Tensor]:
    named = [*network.named_parameters(), *network.named_buffers()]
    return {name: weight.detach().clone() for name, weight in named}


@pytest.mark.parametrize("model", ["resnet34", "mobilenet", "convnext", "vit", "cnn"])
def test_stages_are_unfrozen_one_by_one_from_the_head(settings: Any, model: str) -> None:
    """Frozen stages keep weights and batch statistics; unfrozen ones stay unfrozen."""
    overrides = ("finetune.unfreeze_epochs=1", "optimizer.lr=0.01", "optimizer.weight_decay=0.5")
    classifier, chosen = build(settings, model, *overrides)
    for parameter in classifier.backbone.parameters():
        if parameter.ndim == 1:
            nn.init.uniform_(parameter, 0.5, 1.5)
    stages = layer_depths(classifier.backbone, coarse=True)
    groups = parameter_groups(classifier, chosen.finetune, chosen.optimizer.lr)
    optimizer = make_optimizer(chosen.optimizer, groups)
    unfreeze = GradualUnfreezing(classifier, 1)
    parameters = dict(classifier.named_parameters())
    last = min(3, len(stages))
    for epoch in range(last + 1):
        unfreeze.on_epoch_start(at_epoch(epoch))
        classifier.train()
        opened = {f"backbone.{name}" for stage in stages[len(stages) - epoch :] for name in stage}
        opened |= {name for name in parameters if name.startswith("head.")}
        assert {name for name, weight in parameters.items() if weight.requires_grad} == opened
        before = snapshot(classifier)
        images = torch.randn(4, 3, 32, 32) + 1
        nn.functional.cross_entropy(classifier(images), torch.tensor([0, 1, 2, 0])).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        moved = {n for n, weight in snapshot(classifier).items() if not weight.equal(before[n])}
        assert moved & parameters.keys() == opened
        assert {id(p) for p in optimizer.state} == {id(parameters[name]) for name in opened}
        expected = {
            f"{name}.{buffer}"
            for name, module in classifier.named_modules()
            for buffer, _ in module.named_buffers(recurse=False)
            if f"{name}.weight" in opened
        }
        assert moved - parameters.keys() == expected


@pytest.mark.parametrize(
    ("epoch", "every", "open_stages"), [(0, 2, 0), (1, 2, 0), (2, 2, 1), (5, 2, 2), (99, 3, 6)]
)
def test_a_stage_is_unfrozen_after_every_few_epochs(
    settings: Any, epoch: int, every: int, open_stages: int
) -> None:
    """In a resumed run too, which starts at any epoch."""
    classifier, _ = build(settings, "cnn")
    unfreeze = GradualUnfreezing(classifier, every)
    unfreeze.on_epoch_start(at_epoch(epoch))
    parameters = dict(classifier.backbone.named_parameters())
    is_open = [{parameters[name].requires_grad for name in stage} for stage in unfreeze.stages]
    assert is_open == [{False}] * (6 - open_stages) + [{True}] * open_stages
