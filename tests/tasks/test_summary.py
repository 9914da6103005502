"""Table of metrics that ends a run on the terminal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from astroclf.data.dataset import ImageDataset
from astroclf.evaluation.results import Evaluation
from astroclf.settings import Settings
from astroclf.tasks.summary import summary
from fixtures.evaluations import evaluate_guess

Build = Callable[..., Settings]


@pytest.fixture(scope="module")
def evaluation(settings: Build, simulated_dataset: ImageDataset) -> Evaluation:
    return evaluate_guess(simulated_dataset, settings("evaluation.temperature=false"))


def test_summary_has_every_metric_with_its_interval(
    evaluation: Evaluation, settings: Build
) -> None:
    text = summary(settings(), evaluation, {"report": "outputs/report.html"})
    assert "val (used for model selection)" in text
    assert "loss is the training objective (ce) of the raw outputs; log_loss is of the" in text
    accuracy = evaluation.splits["test"].scores.overall["accuracy"]
    assert accuracy["ci95"] is not None
    low, high = accuracy["ci95"]
    row = next(line for line in text.splitlines() if line.startswith("accuracy"))
    assert f"{accuracy['value']:.3f} [{low:.3f}, {high:.3f}]" in row
    assert "95 % intervals" in text
    assert text.splitlines()[-1].split() == ["report", "outputs/report.html"]


def test_summary_without_intervals_mentions_none(
    settings: Build, simulated_dataset: ImageDataset
) -> None:
    chosen = settings("evaluation.bootstrap_resamples=0")
    evaluation = evaluate_guess(simulated_dataset, chosen)
    assert all(m["ci95"] is None for m in evaluation.splits["val"].scores.overall.values())
    text = summary(chosen, evaluation, {})
    assert "intervals" not in text
    assert "[" not in text


def test_summary_explains_the_floor_only_where_a_metric_has_one(
    evaluation: Evaluation, make_dataset: Callable[..., ImageDataset], settings: Build
) -> None:
    assert "floor: ece" in summary(settings(), evaluation, {})
    chosen = settings("dataset.target=votes", "loss=mse", "trainer.monitor=rmse")
    assert "floor" not in summary(
        chosen, evaluate_guess(make_dataset(60, n_classes=3, votes=True), chosen), {}
    )


def test_summary_rounds_tiny_negative_numbers_to_zero_without_sign(
    evaluation: Evaluation, settings: Build
) -> None:
    mcc = evaluation.splits["test"].scores.overall["mcc"]
    before = dict(mcc)
    mcc.update(value=-1e-9, ci95=[-1e-9, 1e-9])
    text = summary(settings(), evaluation, {})
    mcc.update(before)  # type: ignore[typeddict-item]
    assert "0.000 [0.000, 0.000]" in text
    assert "-0.000" not in text
