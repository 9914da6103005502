"""Evaluation: the split of the figures, and the splits that are compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from astroclf.evaluation.decisions.activation import SOFTMAX
from astroclf.evaluation.decisions.comparison import ComparedDecisions
from astroclf.evaluation.decisions.decision import Decision, Predicted
from astroclf.evaluation.decisions.fitting import FittedDecision
from astroclf.evaluation.labels import make_labels
from astroclf.evaluation.metrics.baseline import Baseline
from astroclf.evaluation.metrics.scores import Scores
from astroclf.evaluation.results import Evaluation, SplitResult

PREDICTED = Predicted.most_probable(np.eye(2))
RESULT = SplitResult(
    np.array(["a", "b"]),
    make_labels(np.array([0, 1]), ("star", "galaxy")),
    PREDICTED,
    Scores({}, {}),
    Baseline("", {}),
)
FITTED = FittedDecision(Decision(SOFTMAX), Decision(SOFTMAX))


def test_figures_are_of_test_or_else_of_val_or_else_of_the_last_split() -> None:
    for names, shown in (("train val test", "test"), ("val train", "val"), ("train hand", "hand")):
        evaluation = Evaluation(dict.fromkeys(names.split(), RESULT), FITTED)
        assert evaluation.shown_split == shown
    assert len(evaluation.shown) == 2


def test_compared_holds_the_splits_with_a_comparison() -> None:
    compared = ComparedDecisions(PREDICTED, PREDICTED, {})
    splits = {"train": RESULT, "val": replace(RESULT, comparison=compared)}
    assert Evaluation(splits, FITTED).compared == {"val": compared}
