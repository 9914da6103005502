from __future__ import annotations

import json
import logging
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from astroclf.data.dataset import ImageDataset
from astroclf.device import choose_device
from astroclf.settings import Settings
from astroclf.tasks.benchmark import BareStep, loop_images_per_s, main
from astroclf.tasks.build import prepare
from astroclf.tasks.run import open_run
from astroclf.tasks.training import Training

TINY = (
    "task=benchmark",
    "task.steps=3",
    "task.rounds=2",
    "model.widths=[4]",
    "model.hidden_units=[8]",
    "trainer.batch_size=8",
)


def prepared(settings: Any, dataset: ImageDataset, *overrides: str) -> tuple[Settings, Training]:
    chosen = settings(*TINY, *overrides)
    return chosen, prepare(chosen, dataset, choose_device("cpu"), stored=None)


def test_the_benchmark_reports_bare_step_and_loop(
    settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "astroclf"):
        main(open_run(settings(*TINY), tmp_path))
    found = json.loads((tmp_path / "benchmark.json").read_text())
    assert found["batch"][1:] == [3, 32, 32]
    assert found["batch"][0] in (7, 8)
    assert len(found["bare_images_per_s"]) == len(found["loop_images_per_s"]) == 2
    pairs = zip(found["loop_images_per_s"], found["bare_images_per_s"], strict=True)
    ratio = found["loop_over_bare"]
    assert ratio == pytest.approx(median(a / b for a, b in pairs))
    assert set(found["step_s"]) == {
        f"{precision} {form}"
        for precision in ("fp32", "bf16")
        for form in ("contiguous", "channels_last")
    }
    assert f"{ratio:.3f}" in caplog.text
    assert "loop / bare" in caplog.text
    assert "round 2" in caplog.text


def test_the_loop_takes_the_given_number_of_steps(
    settings: Any, simulated_dataset: ImageDataset
) -> None:
    _, training = prepared(settings, simulated_dataset)
    assert loop_images_per_s(training, 3) > 0
    assert training.progress.global_step == 3


def test_the_bare_step_changes_the_weights(settings: Any, simulated_dataset: ImageDataset) -> None:
    chosen, training = prepared(settings, simulated_dataset)
    batch = next(training.image_loaders["train"].eval_batches())
    bare = BareStep(chosen, training, training.learner.precision, batch)
    before = training.learner.weights()
    assert bare.images_per_s(2) > 0
    after = training.learner.weights()
    assert any((after[name] != before[name]).any() for name in before if "weight" in name)


def test_a_benchmark_writes_no_results_of_training(settings: Any, tmp_path: Path) -> None:
    main(open_run(settings(*TINY), tmp_path))
    assert [file.name for file in tmp_path.iterdir()] == ["benchmark.json"]
