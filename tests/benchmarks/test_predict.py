"""The benchmark of task=predict on a few images."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SCRIPT = Path(__file__).parents[2] / "benchmarks/predict.py"


@pytest.mark.slow
def test_the_resumed_table_has_the_rows_of_the_whole_one(
    train_run: Callable[..., Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for label, brightness in (("dark", 60), ("light", 190)):
        for number in range(20):
            file = tmp_path / "images" / label / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            noise = np.random.default_rng(number).integers(-40, 40, (16, 16, 3)) + brightness
            Image.fromarray(noise.astype(np.uint8)).save(file)
    run = train_run(
        "dataset=image_folder", f"dataset.root={tmp_path / 'images'}", "dataset.image_px=16",
        "trainer.epochs=1", "evaluation.bootstrap_resamples=0", "model.widths=[4,4]",
        "model.hidden_units=[8]",
    )  # fmt: skip
    runpy.run_path(str(SCRIPT))["main"](str(run), str(tmp_path / "bench"), "40000")
    printed = capfd.readouterr().out
    assert "killed and resumed 40,000 rows, the same ids" in printed
    assert "peak memory" in printed
