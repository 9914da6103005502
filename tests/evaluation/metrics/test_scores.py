"""Scores: notes on intervals."""

from __future__ import annotations

from astroclf.evaluation.intervals import measured
from astroclf.evaluation.metrics.scores import Scores


def test_metrics_with_the_same_note_share_one_sentence() -> None:
    few = "3 images of cigar, fewer than 10"
    overall = {
        "macro_f1": measured(0.5, None, few),
        "roc_auc": measured(0.7, None, few),
        "accuracy": measured(0.6, (0.5, 0.7)),
    }
    assert Scores(overall, {}).notes() == [f"macro_f1, roc_auc: no interval: {few}"]
