"""Low-rank adapters (LoRA): W x + (alpha / r) B A x, with W frozen and only A and B trained.

Hu et al. 2021, arXiv:2106.09685. In a convolution A has the kernel, stride and padding of W and r
output channels, and B is 1 x 1, as in the authors' own code and in peft.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from typing import TypeVar

import torch
from torch import Tensor, nn

from astroclf.errors import UserError

Network = TypeVar("Network", bound=nn.Module)

LISTED = 8  # layers that a message names
# Layers that use their weight as it is. Others (weight-standardized convolutions) compute another
# weight from it, so that a merged change is not the change that was trained.
PLAIN_LAYERS = ("Linear", "Conv2d", "Conv2dSame")


class Adapter(nn.Module):
    """A frozen layer with a trained low-rank change of its weight.

    B starts at zero, so that the adapted layer begins as the layer itself. Names are those of peft.
    """

    def __init__(
        self, base: nn.Linear | nn.Conv2d, rank: int, alpha: float, dropout: float
    ) -> None:
        super().__init__()
        self.base = base
        self.scale = alpha / rank
        self.dropout = nn.Dropout(dropout)
        self.lora_A: nn.Linear | nn.Conv2d
        self.lora_B: nn.Linear | nn.Conv2d
        if isinstance(base, nn.Conv2d):
            # The class of the base, since some compute their padding in forward (TensorFlow's).
            self.lora_A = type(base)(
                base.in_channels,
                rank,
                base.kernel_size,  # type: ignore[arg-type]
                stride=base.stride,  # type: ignore[arg-type]
                padding=base.padding,  # type: ignore[arg-type]
                dilation=base.dilation,  # type: ignore[arg-type]
                bias=False,
            )
            self.lora_A.padding_mode = base.padding_mode  # not an argument of every class
            self.lora_B = nn.Conv2d(rank, base.out_channels, 1, bias=False)
        else:
            self.lora_A = nn.Linear(base.in_features, rank, bias=False)
            self.lora_B = nn.Linear(rank, base.out_features, bias=False)
        nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_B.weight)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.base(inputs) + self.scale * self.lora_B(self.lora_A(self.dropout(inputs)))

    @property
    def weight(self) -> Tensor:
        """Raises UserError: a network that reads the weight bypasses the adapter."""
        raise UserError(
            f"LoRA adapts {self.base}, whose weight this network reads without calling the layer. Adapt other layers "
            "(finetune.layers), or choose finetune=full or classifier."
        )

    @torch.no_grad()
    def merged(self) -> nn.Module:
        """Return the base layer with the change added to its weight, in place."""
        product = self.scale * self.lora_B.weight.flatten(1) @ self.lora_A.weight.flatten(1)
        change = product.view_as(self.base.weight)
        self.base.weight += change
        return self.base


def add_adapters(
    backbone: nn.Module, patterns: Sequence[str] | None, rank: int, alpha: float, dropout: float
) -> list[str]:
    """Put an adapter around every layer whose name matches a pattern; return their names.

    patterns: shell patterns of layer names, such as `blocks.*.attn.*`; None chooses for the family of
    the network (see `default_layers`), where the rank fits.

    Raises ValueError if no layer matches, if a matching layer is a grouped convolution, or if the
    rank is larger than a layer.
    """
    layers = dict(adaptable_layers(backbone))
    if not layers:
        raise ValueError(
            "layers: the network has none that adapters can be merged into, which are linear layers and convolutions "
            "that use their weight as it is. Train the whole network, or its head alone."
        )
    if patterns is None:
        # A layer as small as the rank has nothing low-rank about it (squeeze-and-excitation).
        chosen = [name for name in default_layers(layers) if rank <= largest_rank(layers[name])]
        if not chosen:
            raise ValueError(
                f"rank={rank}: larger than every layer that adapters are meant for. Choose a smaller rank, or name "
                "layers."
            )
    else:
        chosen = [name for name in layers if any(fnmatch(name, pattern) for pattern in patterns)]
        if not chosen:
            raise ValueError(
                f"layers={list(patterns)}: matches no layer. There are {_listed(list(layers))}."
            )
    for name in chosen:
        _require_fit(name, layers[name], rank)
    for name in chosen:
        parent, _, child = name.rpartition(".")
        adapter = Adapter(layers[name], rank, alpha, dropout)
        setattr(backbone.get_submodule(parent), child, adapter)
    return chosen


def merge_adapters(network: Network) -> Network:
    """Return a copy of the network with every adapter merged into the weight of its layer.

    A network without adapters is returned itself.
    """
    if not any(isinstance(module, Adapter) for module in network.modules()):
        return network
    merged = copy.deepcopy(network)
    for name, module in list(merged.named_modules()):
        if isinstance(module, Adapter):
            parent, _, child = name.rpartition(".")
            setattr(merged.get_submodule(parent), child, module.merged())
    return merged


def adaptable_layers(backbone: nn.Module) -> Iterator[tuple[str, nn.Linear | nn.Conv2d]]:
    """Yield (name, layer) for every linear layer and convolution that uses its weight as it is."""
    for name, layer in backbone.named_modules():
        plain = type(layer).__name__ in PLAIN_LAYERS
        if plain and isinstance(layer, nn.Linear | nn.Conv2d):
            yield name, layer


def default_layers(layers: dict[str, nn.Linear | nn.Conv2d]) -> list[str]:
    """Return the names of the layers that mix channels, which hold most of the weights.

    Linear layers where there are any (attention and MLP of transformers), else the 1 x 1 convolutions
    where others are grouped (MobileNets, EfficientNets, ConvNeXt), else the larger convolutions behind
    the first (ResNets and plain networks).
    """
    linear = [name for name, layer in layers.items() if isinstance(layer, nn.Linear)]
    if linear:
        return linear
    plain = {name: layer for name, layer in layers.items() if layer.groups == 1}
    pointwise = [n for n, layer in plain.items() if layer.kernel_size == (1, 1)]
    if len(plain) < len(layers):
        return pointwise
    first = next(iter(layers))
    return [name for name in plain if name not in pointwise and name != first]


def largest_rank(layer: nn.Linear | nn.Conv2d) -> int:
    """Return the largest rank that the weight of a layer, as a matrix, can have."""
    return min(layer.weight.shape[0], layer.weight[0].numel())


def _require_fit(name: str, layer: nn.Linear | nn.Conv2d, rank: int) -> None:
    if isinstance(layer, nn.Conv2d) and layer.groups > 1:
        raise ValueError(
            f"layers: {name} is a convolution in {layer.groups} groups, which has no low-rank change that could be "
            "merged. Choose layers without groups (in MobileNets the 1 x 1 convolutions)."
        )
    largest = largest_rank(layer)
    if rank > largest:
        raise ValueError(
            f"rank={rank}: larger than the layer {name} ({layer.weight.shape[0]} x {layer.weight[0].numel()}). "
            f"Choose {largest} at most, or other layers."
        )


def _listed(names: list[str]) -> str:
    return ", ".join([*names[:LISTED], *(["..."] if len(names) > LISTED else [])])
