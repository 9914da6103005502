"""Models of the best trials of a search."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.bundle import join, read_bundle

pytestmark = pytest.mark.usefixtures("without_charts")

CHOSEN = (
    "search=none",
    "search.keep_models=2",
    "optimizer.lr=tag(log,interval(1e-4,1e-2))",
    "trainer.monitor=accuracy",
    "hydra.sweeper.pruner.n_startup_trials=9",
    "trainer.epochs=1",
)
ACCURACIES = {0: 0.7, 1: 0.9, 2: 0.6, 3: 0.8}


@pytest.fixture(scope="module")
def sweep(
    begin_sweep: Callable[[Path], Any],
    with_accuracy: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    """Four trials, of which 1 and 3 are the best."""
    made = begin_sweep(tmp_path_factory.mktemp("kept"))
    with with_accuracy(lambda number, epoch: ACCURACIES[number]):
        ran = made.run(*CHOSEN, n_trials=4)
    assert (ran.code, ran.err) == (0, "")
    return made


def test_the_best_trials_have_bundles_and_no_other_one(sweep: Any) -> None:
    kept = sorted(path.parent.name for path in sweep.folder.glob("*/bundle"))
    assert kept == ["1", "3"]
    record = json.loads((sweep.folder / "kept_models.json").read_text())
    assert [(each["number"], each["value"]) for each in record["trials"]] == [(1, 0.9), (3, 0.8)]
    assert (record["n_complete"], record["n_kept"]) == (4, 2)


def test_kept_models_are_calibrated_together_on_val(sweep: Any) -> None:
    members = [read_bundle(sweep.folder / name / "bundle", "cpu") for name in ("1", "3")]
    for member in members:
        assert member.reference is not None
        assert member.reference.novelty is None
        assert set(member.reference.split) == {"train", "val", "test"}
    ensemble = join(members, ["1", "3"])
    images = np.zeros((2, 3, ensemble.image_px, ensemble.image_px), np.float32)
    assert ensemble.prediction(images).probabilities.sum(axis=1) == pytest.approx(1)
