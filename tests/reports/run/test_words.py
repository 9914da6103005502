"""Words of the report that depend on the kind of labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from astroclf.evaluation.decisions.activation import SOFTMAX
from astroclf.evaluation.decisions.decision import Decision, Predicted
from astroclf.evaluation.decisions.fitting import FittedDecision
from astroclf.evaluation.labels import Labels, make_labels
from astroclf.evaluation.metrics.baseline import Baseline
from astroclf.evaluation.metrics.scores import Scores
from astroclf.evaluation.results import Evaluation, SplitResult
from astroclf.reports.run.content import ReportContent
from astroclf.reports.run.words import words_of


def content(labels: Labels) -> ReportContent:
    predicted = Predicted.most_probable(np.full((2, 2), 0.5))
    result = SplitResult(np.array(["a", "b"]), labels, predicted, Scores({}, {}), Baseline("", {}))
    fitted = FittedDecision(Decision(SOFTMAX), Decision(SOFTMAX))
    return ReportContent(
        title="",
        evaluation=Evaluation({"test": result}, fitted),
        thumbnails=lambda positions: np.zeros((len(positions), 4, 4, 3), np.uint8),
        history=[],
        monitor="loss",
        best_epoch=1,
        calibration_bins=10,
        resamples=0,
    )


def test_classes_have_factors_and_votes_thresholds() -> None:
    classes = words_of(content(make_labels(np.array([0, 1]), ("star", "galaxy"))))
    assert (classes.numbers, classes.format % 0.25) == ("Class factors", "0.25")
    assert "all factors at 0.5" in classes.rule
    votes = words_of(content(make_labels(np.full((2, 2), 0.5), ("bar", "ring"))))
    assert (votes.numbers, votes.format % 0.25) == ("Thresholds", "0.2500")


def test_wilson_intervals_are_mentioned_for_independent_images_alone() -> None:
    labels = make_labels(np.array([0, 1]), ("star", "galaxy"))
    assert "Wilson" in words_of(content(labels)).reliability
    grouped = replace(labels, groups=np.array([0, 0]))
    assert "Wilson" not in words_of(content(grouped)).reliability
