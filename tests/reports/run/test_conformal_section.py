"""Section on certainty: rows, sentences and its place in the report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.evaluation.decisions.activation import SIGMOID, SOFTMAX
from astroclf.evaluation.decisions.conformal import fit_prediction_sets
from astroclf.evaluation.decisions.decision import Decision, Predicted
from astroclf.evaluation.decisions.fitting import FittedDecision
from astroclf.evaluation.labels import Labels, make_labels
from astroclf.evaluation.metrics.baseline import constant_baseline
from astroclf.evaluation.results import Evaluation, SplitResult
from astroclf.evaluation.scoring import Scorer
from astroclf.reports.run.conformal_section import conformal_section
from astroclf.reports.run.content import ReportContent
from astroclf.reports.run.report import write_report

SCORER = Scorer(bins=10, resamples=50, seed=0)
RNG = np.random.default_rng(0)


def make_content(*, sets: bool = True, split: str = "test", groups: bool = False) -> ReportContent:
    targets = RNG.integers(2, size=300)
    logits = 2.0 * np.eye(2)[targets] + RNG.normal(size=(300, 2))
    plain = Decision(SOFTMAX)
    p = plain.probabilities(logits)
    fitted = fit_prediction_sets(p, targets, None, 0.9) if sets else None
    decision = Decision(SOFTMAX, conformal=fitted)
    fields = np.arange(300) // 10 if groups else None
    labels = make_labels(targets, ("<galaxy>", "star"), fields)
    return content_of(labels, decision.predict(logits), FittedDecision(plain, decision), split)


def content_of(
    labels: Labels, predicted: Predicted, fitted: FittedDecision, split: str
) -> ReportContent:
    result = SplitResult(
        ids=np.arange(len(labels)).astype(str),
        labels=labels,
        predicted=predicted,
        scores=SCORER.scores(predicted, labels, np.ones(len(labels))),
        baseline=constant_baseline(labels, labels, SCORER),
        sets=SCORER.set_scores(predicted, labels),
        risk_coverage=SCORER.risk_coverage(predicted, labels),
    )

    def thumbnails(chosen: np.ndarray) -> np.ndarray:
        return np.zeros((len(chosen), 8, 8, 3), np.uint8)

    evaluation = Evaluation({split: result}, fitted)
    return ReportContent("cnn on stars", evaluation, thumbnails, calibration_bins=10, resamples=50)


def test_rows_are_those_of_the_classes_and_of_all_images() -> None:
    certainty: dict[str, Any] = conformal_section(make_content())["certainty"]
    assert certainty["level"] == 0.9
    assert list(certainty["rows"]) == ["<galaxy>", "star", "all classes"]
    counts = [row["n"] for row in certainty["rows"].values()]
    assert counts[0] + counts[1] == counts[2] == 300
    assert certainty["rows"]["star"]["coverage"]["value"] >= 0.9
    curve = make_content().evaluation.shown.risk_coverage
    assert curve is not None
    assert certainty["sentence"].startswith("Of all labels ")
    assert certainty["sentence"].endswith(" without the 20 % least certain.")


def test_report_has_the_section(tmp_path: Path, read_page: Callable[[Path], Any]) -> None:
    write_report(tmp_path / "report.html", make_content())
    page = read_page(tmp_path / "report.html")
    assert "certainty" in page.sections
    assert "Prediction sets at 90 %" in page.text
    assert "at least 90 % is guaranteed on average" in page.text
    assert "<galaxy>" in page.text
    assert "by construction" not in page.text


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"groups": True}, "mean over groups of images in which each group counts once"),
        ({"split": "val"}, "their coverage is that by construction"),
    ],
)
def test_limits_of_the_coverage_are_stated(
    tmp_path: Path, read_page: Callable[[Path], Any], options: dict[str, Any], text: str
) -> None:
    write_report(tmp_path / "report.html", make_content(**options))
    assert text in read_page(tmp_path / "report.html").text


def test_a_report_without_sets_has_the_curve_alone(
    tmp_path: Path, read_page: Callable[[Path], Any]
) -> None:
    write_report(tmp_path / "report.html", make_content(sets=False))
    page = read_page(tmp_path / "report.html")
    assert "Risk-coverage curve" in page.text
    assert "Prediction sets" not in page.text


def test_votes_have_no_section() -> None:
    fractions = RNG.random((40, 3))
    predicted, decision = Predicted(fractions, fractions > 0.5), Decision(SIGMOID)
    labels = make_labels(RNG.random((40, 3)), ("a", "b", "c"))
    content = content_of(labels, predicted, FittedDecision(decision, decision), "test")
    assert conformal_section(content) == {"certainty": None}
