from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import astroclf

TINY = ("model.widths=[4,4]", "model.hidden_units=[8]", "dataset.image_px=16", "trainer.epochs=1")


def test_a_run_has_its_metrics_predictions_and_report(
    small_overrides: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = astroclf.train(*small_overrides(*TINY), seed=3)
    assert run.folder.parts[-3] == "outputs"
    accuracy = run.metrics["test"]["accuracy"]
    assert accuracy.value is not None
    assert accuracy.ci95 is not None
    predictions = run.predictions
    test = predictions[predictions["split"] == "test"]
    assert (test["truth"] == test["label"]).mean() == pytest.approx(accuracy.value)
    assert run._repr_html_().startswith('<iframe srcdoc="&lt;!DOCTYPE html&gt;')
    assert astroclf.load(run.folder).classes == ("galaxy", "star")


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["loss=mse"], "loss=mse"),
        (["task=benchmark"], "task=benchmark: train() runs train and crossval"),
        (["nothing=1"], "there is no such setting"),
    ],
)
def test_a_refused_training_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overrides: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(astroclf.UserError) as refused:
        astroclf.train(*overrides)
    assert sentence in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_a_run_without_report_is_shown_as_text(tmp_path: Path) -> None:
    run = astroclf.TrainedRun(tmp_path)
    assert run._repr_html_().startswith("<pre>TrainedRun(")
