from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from astroclf.data.dataset import ImageDataset
from astroclf.errors import UserError
from astroclf.training.losses import make_loss

CPU = torch.device("cpu")
LOSSES = [
    ["loss=ce"],
    ["loss=ce_smooth"],
    ["loss=bce"],
    ["loss=bce", "loss.label_smoothing=0.1"],
    ["loss=focal"],
    ["loss=focal", "loss.form=softmax", "loss.alpha=null"],
    ["loss=ce", "loss.class_weights=[1,10,3]"],
    ["loss=bce", "loss.class_weights=[1,10,3]"],
    ["loss=focal", "loss.alpha=null", "loss.class_weights=[1,10,3]"],
]


@pytest.mark.parametrize("overrides", LOSSES)
def test_the_loss_of_probabilities_is_the_mean_of_the_losses_of_the_classes(
    settings: Any, make_dataset: Callable[..., ImageDataset], overrides: list[str]
) -> None:
    loss = make_loss(settings(*overrides).loss, make_dataset(12, n_classes=3), CPU)
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(5, 3, generator=generator)
    soft = torch.rand(5, 3, generator=generator).softmax(dim=1)
    of_classes = [loss(logits, torch.full((5,), k)) for k in range(3)]
    expected = (torch.stack(of_classes, dim=1) * soft).sum(dim=1)
    torch.testing.assert_close(loss(logits, soft), expected)
    hard = torch.tensor([0, 2, 1, 1, 0])
    certain = F.one_hot(hard, 3).float()
    torch.testing.assert_close(loss(logits, certain), loss(logits, hard))


def test_soft_labels_of_a_data_set_are_refused_by_a_loss_of_single_classes(
    settings: Any, make_dataset: Callable[..., ImageDataset]
) -> None:
    dataset = make_dataset(12, n_classes=3)
    soft = replace(dataset, soft_targets=np.full((12, 3), 1 / 3, np.float32))
    chosen = settings("loss=custom", "loss.target=fixtures.own_options.hinge").loss
    with pytest.raises(UserError, match="loss=custom: the data set has soft labels"):
        make_loss(chosen, soft, CPU)
