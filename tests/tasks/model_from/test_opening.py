"""Opening of the model of model_from, and of its prediction sets at another level."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astroclf.bundle import Ensemble
from astroclf.errors import UserError
from astroclf.settings import Settings
from astroclf.tasks.model_from import open_model

Run = Callable[..., Path]
SHORT = (
    "dataset.n_images=160", "dataset.image_px=16", "model.widths=[4]", "model.hidden_units=[8]",
    "trainer.epochs=1", "evaluation.bootstrap_resamples=0", "evaluation.report=false",
)  # fmt: skip


def test_one_model_is_its_bundle_and_several_are_an_ensemble(project: Any) -> None:
    first = str(project.runs["first"])
    model = open_model(project.using(first))
    assert not isinstance(model, Ensemble)
    assert model.provenance["model_from"] == f"{first}/bundle"
    ensemble = open_model(project.using(first, str(project.runs["second"])))
    assert isinstance(ensemble, Ensemble)
    assert ensemble.provenance["model_from"].count("/bundle") == 2


def test_a_damaged_member_is_refused(make_project: Any) -> None:
    project = make_project()
    folder = project.train("run")
    weights = folder / "bundle/weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(UserError, match="is not a complete bundle"):
        open_model(project.using(str(folder)))


def opened(settings: Callable[..., Settings], run: Path, *overrides: str) -> Settings:
    return settings("task=predict", f"model_from={run}", "predict.input=.", *overrides)


def test_a_level_replaces_the_prediction_sets_of_the_model(
    train_run: Run, settings: Callable[..., Settings]
) -> None:
    run = train_run(*SHORT, "evaluation.conformal=0.8")
    saved = open_model(opened(settings, run)).decision
    other = open_model(opened(settings, run, "evaluation.conformal=0.6")).decision
    again = open_model(opened(settings, run, "evaluation.conformal=0.8")).decision
    assert saved.conformal is not None
    assert other.conformal is not None
    assert (saved.conformal.level, other.conformal.level) == (0.8, 0.6)
    assert other.conformal.thresholds < saved.conformal.thresholds
    assert again.conformal is not None
    assert again.conformal.thresholds == pytest.approx(saved.conformal.thresholds)


def test_a_level_is_refused_for_a_model_of_votes(
    train_run: Run, settings: Callable[..., Settings]
) -> None:
    run = train_run(*SHORT, "dataset.target=votes", "loss=bce", "trainer.monitor=rmse")
    with pytest.raises(UserError, match=r"^evaluation\.conformal=0\.9: prediction sets are for"):
        open_model(opened(settings, run, "evaluation.conformal=0.9"))
