"""Fine-tuning: train all weights, the head alone (linear probe), or low-rank adapters (LoRA)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from astroclf.errors import UserError, one_line
from astroclf.models.classifier import Classifier
from astroclf.models.lora import Adapter, add_adapters
from astroclf.settings import sections
from astroclf.settings.targets import import_target

NORMS: tuple[type[nn.Module], ...] = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)


def apply_finetune(classifier: Classifier, settings: sections.Finetune) -> None:
    """Freeze weights and add adapters as the strategy states.

    Raises UserError if adapters do not fit the network (see `lora.add_adapters`).
    """
    if settings.freezes_backbone:
        classifier.freeze_backbone(but=STRATEGIES[settings.name](classifier.backbone, settings))


def train_none(backbone: nn.Module, settings: sections.HeadOnly) -> list[nn.Parameter]:
    """Train nothing of the backbone."""
    return []


def train_adapters(backbone: nn.Module, settings: sections.Lora) -> list[nn.Parameter]:
    """Add low-rank adapters and train them."""
    try:
        add_adapters(backbone, settings.layers, settings.rank, settings.alpha, settings.dropout)
    except ValueError as error:  # it begins with the name of the argument
        raise UserError(f"finetune.{error}") from error
    return adapted_parameters(backbone, settings)


def train_chosen(backbone: nn.Module, settings: sections.CustomStrategy) -> list[nn.Parameter]:
    """Train the parameters that the target returns; raises UserError if it returns anything else."""
    try:
        chosen = list(import_target(settings.target)(backbone, **settings.kwargs))
    except Exception as error:  # the code is the user's, and may raise anything
        raise UserError(
            f"finetune.target={settings.target}: failed on {type(backbone).__name__} ({one_line(error).rstrip('.')})."
        ) from error
    own = {id(parameter) for parameter in backbone.parameters()}
    if any(id(each) not in own for each in chosen):
        raise UserError(
            f"finetune.target={settings.target}: returned something else than parameters of the backbone. "
            "It returns those that train."
        )
    return chosen


# Strategies that freeze the backbone -> functions that prepare it and return the trained parameters.
STRATEGIES: dict[str, Callable[[nn.Module, Any], list[nn.Parameter]]] = {
    "classifier": train_none,
    "lora": train_adapters,
    "custom": train_chosen,
}


def adapted_parameters(backbone: nn.Module, settings: sections.Lora) -> list[nn.Parameter]:
    """Return the parameters of the backbone that LoRA trains: adapters, and norms and biases if set."""
    chosen: list[nn.Parameter] = []
    for module in backbone.modules():
        if isinstance(module, Adapter):
            chosen += [*module.lora_A.parameters(), *module.lora_B.parameters()]
        elif settings.train_norms and isinstance(module, NORMS):
            chosen += nn.Module.parameters(module)
    if settings.train_biases:
        chosen += [p for name, p in backbone.named_parameters() if name.endswith("bias")]
    return list({id(parameter): parameter for parameter in chosen}.values())


def layer_depths(backbone: nn.Module, *, coarse: bool = False) -> list[list[str]]:
    """Return the names of the backbone's parameters, layer by layer from the input on.

    timm defines the layers of its networks, or their stages if `coarse`; in other networks a layer is
    a child of the backbone. Raises UserError if timm defines no stages.
    """
    matcher: Any = getattr(backbone, "group_matcher", None)
    if matcher is not None:
        from timm.models import group_parameters

        try:
            layers = group_parameters(backbone, matcher(coarse=coarse))
        except AssertionError as error:
            raise UserError(
                f"finetune.unfreeze_epochs: timm defines no stages of {type(backbone).__name__} ({error}). Set it "
                "to null."
            ) from error
        return [list(layers[number]) for number in sorted(layers)]
    own = [name for name, _ in backbone.named_parameters(recurse=False)]
    children = [
        [f"{name}.{parameter}" for parameter, _ in child.named_parameters()]
        for name, child in backbone.named_children()
    ]
    return [names for names in (own, *children) if names]


def parameter_groups(
    classifier: Classifier, settings: sections.Finetune, lr: float
) -> list[dict[str, Any]]:
    """Return parameter groups of one learning rate each.

    A group is a dict of `name`, `params`, `lr` and `undecayed`, the parameters without weight decay
    whatever their shape.

    lr: of the last layers of the backbone. With layer_decay d, a layer k steps before them has the
    rate lr * d^k (Howard & Ruder 2018, arXiv:1801.06146; Clark et al. 2020, arXiv:2003.10555).
    """
    head_lr = getattr(settings, "head_lr", None) or lr
    groups: list[dict[str, Any]] = []
    if isinstance(settings, sections.Full) and settings.layer_decay < 1:
        named = dict(classifier.backbone.named_parameters())
        layers = layer_depths(classifier.backbone)
        for depth, names in enumerate(layers):
            decay = settings.layer_decay ** (len(layers) - 1 - depth)
            params = [named[name] for name in names]
            groups.append({"name": f"layer {depth + 1}", "params": params, "lr": lr * decay})
    else:
        trained = [p for p in classifier.backbone.parameters() if p.requires_grad]
        name = "adapters" if isinstance(settings, sections.Lora) else "backbone"
        groups.append({"name": name, "params": trained, "lr": lr})
    groups.append({"name": "head", "params": list(classifier.head.parameters()), "lr": head_lr})
    undecayed = {id(parameter) for parameter in undecayed_parameters(classifier.backbone)}
    return [
        {**group, "undecayed": [p for p in group["params"] if id(p) in undecayed]}
        for group in groups
        if group["params"]
    ]


def undecayed_parameters(backbone: nn.Module) -> list[nn.Parameter]:
    """Return the parameters that timm excludes from weight decay, such as position embeddings and
    class tokens; biases and norms are excluded by their shape."""
    no_weight_decay: Callable[[], set[str]] = getattr(backbone, "no_weight_decay", set)
    names = no_weight_decay()
    return [parameter for name, parameter in backbone.named_parameters() if name in names]
