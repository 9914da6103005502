from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from astroclf.errors import UserError
from astroclf.tasks.build import prepare
from astroclf.tasks.training import Training

CPU = torch.device("cpu")


def start(settings: Any, dataset: Any, *overrides: str) -> Training:
    return prepare(settings("model.pretrained=false", *overrides), dataset, CPU, stored=None)


@pytest.mark.parametrize(
    "overrides", [["model=cnn"], ["model=cnn", "finetune.unfreeze_epochs=1"], ["model=resnet34"]]
)
def test_batches_of_one_are_refused_where_batch_norm_trains(
    settings: Any, make_dataset: Any, overrides: list[str]
) -> None:
    with pytest.raises(UserError, match=r"^trainer.batch_size=1: .* has batch norm.* Choose"):
        start(settings, make_dataset(24), *overrides, "trainer.batch_size=1")


def test_one_training_image_is_refused_where_batch_norm_trains(
    settings: Any, make_dataset: Any
) -> None:
    dataset = make_dataset(4, 2, 8)
    split = dataset.split.astype(object)
    split[dataset.indices("train")[1:]] = ""
    with pytest.raises(UserError, match=r"^train has one image: cnn has batch norm"):
        start(settings, dataset.with_split(split.astype(str)), "model=cnn")


@pytest.mark.parametrize("overrides", [["flux=luptitudes"], ["flux.softening=3"]])
def test_a_stretch_of_flux_is_refused_for_images_stretched_for_display(
    settings: Any, make_dataset: Any, overrides: list[str]
) -> None:
    with pytest.raises(UserError, match=r"^flux=\w+: stretches linear flux, but .* display"):
        start(settings, make_dataset(24, dtype=np.uint8), "model=cnn", *overrides)
