from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from astroclf.models.lora import merge_adapters
from astroclf.tasks.run import open_run
from astroclf.tasks.train import train

LORA = ("model.widths=[4,8]", "model.hidden_units=[]", "finetune=lora", "finetune.rank=2")


def test_the_predictor_merges_adapters_into_a_copy(settings: Any, tmp_path: Path) -> None:
    trained = train(open_run(settings(*LORA), tmp_path))
    classifier = trained.training.classifier
    predictor = trained.predictor(tta_views=8)
    assert predictor.tta_views == 8
    assert any("lora_A" in name for name in classifier.state_dict())
    assert not any("lora_A" in name for name in predictor.network.state_dict())
    images = torch.rand(3, 3, 32, 32)
    with torch.inference_mode():
        merged, unmerged = predictor.network.eval()(images), classifier.eval()(images)
    torch.testing.assert_close(merged, unmerged, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(merge_adapters(classifier).eval()(images), merged)


def test_a_training_measures_the_best_epoch_and_leaves_no_evaluation(
    settings: Any, tmp_path: Path
) -> None:
    trained = train(open_run(settings(*LORA), tmp_path))
    history = trained.training.progress.history
    assert trained.measured["loss"] == min(row["val_loss"] for row in history)
    assert not (tmp_path / "metrics.json").exists()
    assert not (tmp_path / "bundle").exists()
