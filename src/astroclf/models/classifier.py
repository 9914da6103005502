"""Classifier: a backbone that computes features, and a head that computes logits from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

# From a network and (B, C, H, W) images to (B, width) features.
Extract = Callable[[nn.Module, Tensor], Tensor]


class Backbone(NamedTuple):
    """A network from (B, C, H, W) images to (B, width) features.

    weights: "imagenet" or "random". warning: about those weights, or None. extract: computes the
    features; None for the output of the network.
    """

    network: nn.Module
    width: int
    weights: str = "random"
    warning: str | None = None
    extract: Extract | None = None


@torch.no_grad()
def count_features(
    network: nn.Module, channels: int, image_px: int, extract: Extract | None = None
) -> int:
    """Return the width of the features, from a forward pass of two black images.

    Raises ValueError if the features are not (B, width), and whatever the network raises.
    """
    images = torch.zeros(2, channels, image_px, image_px)
    network.eval()
    features = network(images) if extract is None else extract(network, images)
    network.train()
    if not isinstance(features, Tensor) or features.ndim != 2 or len(features) != 2:
        shape = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
        raise ValueError(f"two images give {shape}, not (2, width)")
    return int(features.shape[1])


class Classifier(nn.Module):
    """A backbone with a head, and the names of the weights that stay frozen.

    backbone, extract: see `Backbone`. head: (B, width) -> (B, K) logits, or a `ColumnHead`, which also takes
    catalog columns. frozen: names of the
    parameters and buffers that training leaves unchanged, to the last bit.
    """

    def __init__(
        self, backbone: nn.Module, head: nn.Module, width: int, extract: Extract | None = None
    ) -> None:
        super().__init__()
        self.extract = extract
        self.backbone = backbone
        self.head = head
        self.width = width
        self.frozen: frozenset[str] = frozenset()

    def forward(self, images: Tensor, *columns: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(images), *columns)
        return logits

    def features(self, images: Tensor) -> Tensor:
        """Return the (B, width) features that the head takes."""
        if self.extract is not None:
            return self.extract(self.backbone, images)
        features: Tensor = self.backbone(images)
        return features

    def freeze_backbone(self, but: Sequence[nn.Parameter] = ()) -> None:
        """Freeze the parameters and buffers of the backbone, except for the given parameters.

        A frozen backbone stays in evaluation mode even while its head trains: batch norm in training
        mode would normalize by the batch and let its running statistics drift.
        """
        kept = {id(parameter) for parameter in but}
        frozen = [f"backbone.{name}" for name, _ in self.backbone.named_buffers()]
        for name, parameter in self.backbone.named_parameters():
            parameter.requires_grad = id(parameter) in kept
            if not parameter.requires_grad:
                frozen.append(f"backbone.{name}")
        self.frozen = frozenset(frozen)
        self.train(self.training)

    def train(self, mode: bool = True) -> Classifier:
        super().train(mode)
        if mode:
            self._close_frozen_modules(self.backbone, enclosing_trains=True)
        return self

    def _close_frozen_modules(self, module: nn.Module, *, enclosing_trains: bool) -> None:
        """Put modules without trained parameters in evaluation mode.

        Dropout and stochastic depth have no parameters of their own: they are active if those of the
        enclosing module train, adapters among them. Modules with weights, such as batch norm, stay in
        evaluation mode in a frozen backbone, even if adapters or biases train.
        """
        parameters = list(module.parameters())
        trains = any(p.requires_grad for p in parameters) if parameters else enclosing_trains
        own = list(module.parameters(recurse=False))
        if own:
            module.training = any(p.requires_grad for p in own) and not self.frozen
        elif any(True for _ in module.buffers(recurse=False)):
            module.training = trains and not self.frozen
        else:
            module.training = trains
        for child in module.children():
            self._close_frozen_modules(child, enclosing_trains=trains)


def dense_layers(
    inputs: int, hidden_units: Sequence[int], outputs: int, dropout: float
) -> nn.Sequential:
    """Return dense layers with ReLU between and dropout before each; the last outputs logits."""
    layers = nn.Sequential()
    for units in hidden_units:
        layers.extend([nn.Dropout(dropout), nn.Linear(inputs, units), nn.ReLU(inplace=True)])
        inputs = units
    layers.extend([nn.Dropout(dropout), nn.Linear(inputs, outputs)])
    return layers


def trains_batch_norm(classifier: Classifier) -> bool:
    """Return whether a batch norm normalizes by the statistics of each batch in training."""
    classifier.train()
    batch_norm = nn.modules.batchnorm._BatchNorm
    return any(isinstance(m, batch_norm) and m.training for m in classifier.modules())


@torch.no_grad()
def count_parameters(classifier: Classifier) -> tuple[int, int]:
    """Return the numbers of all parameters and of those that train."""
    parameters = list(classifier.parameters())
    return sum(p.numel() for p in parameters), sum(p.numel() for p in parameters if p.requires_grad)
