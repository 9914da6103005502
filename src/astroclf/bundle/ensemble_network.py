"""Ensemble as one network: from stored pixels to the logits of the averaged probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from astroclf.bundle.averaging import class_orders
from astroclf.bundle.bundle import Bundle
from astroclf.bundle.decision_module import DecisionModule, logits_of
from astroclf.data.augment import show_view
from astroclf.evaluation.decisions.activation import Activation


class EnsembleNetwork(nn.Module):
    """Networks with their preprocessing, test-time augmentation and decision, averaged in float32.

    Takes (N, C, H, W) stored pixels, and (N, F) catalog columns if the members take some; returns (N, K) logits of which the activation makes the mean of
    the members' probabilities, in the order of the classes of the first.
    """

    def __init__(self, members: Sequence[Bundle], activation: Activation) -> None:
        super().__init__()
        self.members = nn.ModuleList(map(MemberNetwork, members))
        self.activation = activation
        self.orders = class_orders([member.classes for member in members])

    def forward(self, images: Tensor, *columns: Tensor) -> Tensor:
        of_members = [
            member(images, *columns)[:, order]
            for member, order in zip(self.members, self.orders, strict=True)
        ]
        mean = torch.stack(of_members).mean(dim=0)
        return logits_of(mean, self.activation)


class MemberNetwork(nn.Module):
    """Network of a member, from stored pixels to its own (N, K) probabilities."""

    def __init__(self, member: Bundle) -> None:
        super().__init__()
        predictor = member.predictor
        self.network, self.preprocess = predictor.network, predictor.preprocess
        self.tta_views = predictor.tta_views
        self.decision = DecisionModule(member.decision, len(member.classes)).to(predictor.device)

    def forward(self, images: Tensor, *columns: Tensor) -> Tensor:
        values = self.preprocess.scale(images)
        views = [
            self.network(self.preprocess.normalize(show_view(values, view)), *columns).float()
            for view in range(self.tta_views)
        ]
        return self.decision.probabilities(torch.stack(views).mean(dim=0))
