"""Facts and content of the report of an evaluation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from astroclf.bundle import read_bundle
from astroclf.runs.folder import RunFolder
from astroclf.settings import Settings
from astroclf.tasks.evaluation_report import evaluation_facts, report_content
from astroclf.tasks.model_evaluation import evaluate_model

MIXED = ("task=evaluate", "model_from=model", "dataset.n_images=80")  # 64 are of the training


def test_report_shows_new_images_and_states_the_use_of_all(
    train_run: Callable[..., Path], settings: Callable[..., Settings]
) -> None:
    folder = train_run("model.widths=[4,4]", "trainer.epochs=1", "evaluation.report=false")
    model, chosen = read_bundle(RunFolder(folder).bundle, "cpu"), settings(*MIXED)
    evaluated = evaluate_model(model, chosen)
    facts = evaluation_facts(chosen, model, evaluated, {"model": "sky/bundle"})
    content = report_content(chosen, evaluated, facts)
    assert content.evaluation.shown_split == "new"
    assert len(content.evaluation.shown) == 16
    assert content.thumbnails(np.array([0, 15])).shape == (2, 32, 32, 3)
    words = content.about["Evaluation"]
    assert words["model"] == "sky/bundle"
    assert "16 images: new images" in words["images"]
    assert "training images" in words["images"]
    assert list(content.warnings) == list(evaluated.evaluation.warnings)
