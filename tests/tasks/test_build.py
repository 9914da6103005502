from __future__ import annotations

from typing import Any

import pytest
import torch

from astroclf.tasks.build import prepare

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "overrides",
    [
        ["model=convnext", "model.name=convnext_atto"],
        ["model=cnn", "finetune=classifier"],
        ["model=cnn", "finetune=lora", "finetune.rank=1", "finetune.train_norms=true"],
    ],
)
def test_batches_of_one_train_where_no_batch_norm_does(
    settings: Any, make_dataset: Any, overrides: list[str]
) -> None:
    dataset = make_dataset(6, 3, 32)
    chosen = settings("model.pretrained=false", *overrides, "augment=none", "trainer.batch_size=1")
    training = prepare(chosen, dataset, CPU, stored=None)
    batch = next(training.loaders["train"].train_batches(0))
    assert len(batch.image) == 1
    assert torch.isfinite(training.learner.step([batch]))
