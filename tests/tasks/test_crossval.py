from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from astroclf.tasks import crossval
from astroclf.tasks.run import open_run
from astroclf.tasks.train import train_and_evaluate

SHORT = ("model.widths=[4]", "model.hidden_units=[]", "evaluation.bootstrap_resamples=0")


def test_the_mean_over_the_seeds_is_returned(settings: Any, tmp_path: Path) -> None:
    measured = crossval.main(open_run(settings(*SHORT, "seeds=[1,2]"), tmp_path))
    single = [
        train_and_evaluate(
            open_run(settings(*SHORT, f"seed={seed}"), tmp_path / str(seed))
        ).measured
        for seed in (1, 2)
        if not (tmp_path / str(seed)).mkdir()
    ]
    for name in ("loss", "accuracy"):
        mean = (single[0][name] + single[1][name]) / 2
        assert measured[name] == pytest.approx(mean, rel=1e-6)
