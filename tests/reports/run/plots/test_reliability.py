from __future__ import annotations

import numpy as np

from astroclf.evaluation.labels import make_labels
from astroclf.reports.canvas import draw
from astroclf.reports.run.plots.reliability import reliability

RNG = np.random.default_rng(0)


def test_reliability_of_votes_is_named_as_fractions() -> None:
    votes = make_labels(RNG.random((30, 2)), ("bar", "ring"))
    chart = draw(reliability(RNG.random((30, 2)), votes, 10, "votes", "Reliability of votes"))
    assert "predicted fraction" in chart
    assert "mean vote fraction" in chart
