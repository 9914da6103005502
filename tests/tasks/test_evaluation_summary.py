"""Table that ends task=evaluate on the terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from astroclf.bundle import read_bundle
from astroclf.runs.folder import RunFolder
from astroclf.settings import Settings
from astroclf.tasks.evaluation_summary import summarize_evaluation
from astroclf.tasks.model_evaluation import ModelEvaluation, evaluate_model

MIXED = ("task=evaluate", "model_from=model", "dataset.n_images=80")  # 64 are of the training


@pytest.fixture(scope="module")
def evaluated(train_run: Callable[..., Path], settings: Callable[..., Settings]) -> ModelEvaluation:
    folder = train_run("model.widths=[4,4]", "trainer.epochs=1", "evaluation.report=false")
    return evaluate_model(read_bundle(RunFolder(folder).bundle, "cpu"), settings(*MIXED))


def test_columns_are_named_by_the_use_of_the_images(evaluated: ModelEvaluation) -> None:
    text = summarize_evaluation(evaluated, {"run folder": "outputs/1"}, has_intervals=True)
    heading, *_ = text.strip().splitlines()
    titles = list(evaluated.evaluation.titles.values())
    assert [heading.find(title) for title in titles] == sorted(heading.find(t) for t in titles)
    assert "validation images (used for model selection)" in heading
    assert "95 % intervals in brackets" in text
    assert "unlike the training images (p < 0.05)" in text
    assert text.endswith("run folder  outputs/1")
