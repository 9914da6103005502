"""A trained model as one torch module, from stored pixels to probabilities and labels."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from astroclf.bundle import Bundle
from astroclf.bundle.decision_module import DecisionModule
from astroclf.data.augment import show_view
from astroclf.inference.predictor import Predictor


class LogitsModule(nn.Module):
    """Preprocessing, network and test-time augmentation: (N, C, H, W) stored pixels to (N, K) logits.

    The views of an image are one batch, so that the graph holds the network once.
    """

    def __init__(self, predictor: Predictor) -> None:
        super().__init__()
        self.network = copy.deepcopy(predictor.network).cpu().eval()
        self.preprocess = predictor.preprocess
        self.tta_views = predictor.tta_views

    def forward(self, images: Tensor, *columns: Tensor) -> Tensor:
        values = self.preprocess.scale(images)
        views = [show_view(values, view) for view in range(self.tta_views)]
        repeated = [each.repeat(self.tta_views, 1) for each in columns]
        logits = self.network(self.preprocess.normalize(torch.cat(views)), *repeated).float()
        return logits.unflatten(0, (self.tta_views, -1)).mean(dim=0)


class ExportedModule(nn.Module):
    """The whole model: (N, C, H, W) stored pixels to (N, K) float32 probabilities and labels.

    A model with catalog columns takes (N, F) float32 as second input, NaN where missing.

    Labels are (N,) int64 positions of classes, or (N, K) bool answers for vote fractions.
    """

    def __init__(self, logits: nn.Module, decision: DecisionModule) -> None:
        super().__init__()
        self.logits = logits
        self.decision = decision

    def forward(self, images: Tensor, *columns: Tensor) -> tuple[Tensor, Tensor]:
        probabilities, labels = self.decision(self.logits(images, *columns))
        return probabilities, labels


def build_module(bundle: Bundle) -> ExportedModule:
    """Return the model of a bundle as a module on the CPU, in evaluation mode."""
    decision = DecisionModule(bundle.decision, len(bundle.classes))
    return ExportedModule(LogitsModule(bundle.predictor), decision).eval()
