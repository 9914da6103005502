from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from astroclf.export.export import export_bundle
from astroclf.tasks.export import summary
from fixtures.bundles import make_bundle


def test_a_trained_model_is_exported(
    train_run: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "astroclf")
    model = train_run("trainer.epochs=1", "model.widths=[4]", "model.hidden_units=[8]")
    folder = train_run("task=export", f"model_from={model}", "export.format=[onnx,torch_export]")
    assert {"model.onnx", "model.pt2", "export.json"} <= {each.name for each in folder.iterdir()}
    assert "ONNX Runtime" in caplog.text
    assert "8 random images" in caplog.text


def test_the_summary_shows_differences_throughput_and_usage(tmp_path: Path) -> None:
    shown = summary(export_bundle(make_bundle(), tmp_path, ["torch_export"]))
    assert re.search(r"torch_export +\S+model.pt2 +\d\.\de-\d\d of 0.0001 +equal", shown)
    assert re.search(r"images/s \(\d+ threads?\)\nPyTorch +\d+\ntorch.export +\d+", shown)
    assert 'torch.export.load("model.pt2")' in shown
