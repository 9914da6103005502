from __future__ import annotations

import numpy as np

from astroclf.reports.canvas import draw
from astroclf.reports.run.plots.votes import vote_scatter

RNG = np.random.default_rng(0)


def test_each_answer_has_a_panel_with_its_rmse() -> None:
    p = RNG.random((30, 4))
    answers = ["smooth", "disk", "edge-on", "$x$"]
    chart = draw(vote_scatter(p, RNG.random((30, 4)), answers, ["0.1", "0.2", "0.3", "0.4"]))
    for name in answers:
        assert f">{name}</text>" in chart
    assert ">0.3</text>" in chart
    assert ">true vote fraction</text>" in chart
