"""Charts of the report."""

from __future__ import annotations

import numpy as np

from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import make_labels
from astroclf.reports.canvas import draw
from astroclf.reports.run import plots

RNG = np.random.default_rng(0)
HISTORY = [{"epoch": e, "lr": 0.1, "train_loss": 1 / e, "val_loss": 1 / e} for e in (1, 2)]


def test_learning_curves_name_the_best_epoch() -> None:
    chart = draw(plots.learning_curves(HISTORY, 2, []))
    assert 'aria-label="Learning curves; the best epoch is 2"' in chart


def test_roc_legend_has_the_positive_class_of_two_alone() -> None:
    targets, p = np.arange(40) % 2, RNG.dirichlet([1, 1], 40)
    labels = make_labels(targets, ("star", "galaxy"))
    legend = ("of star", "of galaxy")
    chart = draw(plots.roc_curves(Predicted.most_probable(p), labels, legend))
    assert "of galaxy" in chart
    assert "of star" not in chart


def test_reliability_of_votes_is_named_as_fractions() -> None:
    votes = make_labels(RNG.random((30, 2)), ("bar", "ring"))
    chart = draw(plots.reliability(RNG.random((30, 2)), votes, 10, "votes", "Reliability of votes"))
    assert "predicted fraction" in chart
    assert "mean vote fraction" in chart
