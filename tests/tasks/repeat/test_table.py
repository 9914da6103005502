from __future__ import annotations

from astroclf.runs.metrics import Metrics
from astroclf.tasks.repeat.table import spread_table

RUN = {"train_s": 2.0, "runs": ["fold-0", "fold-1"]}
SPREAD = {"value": 0.5, "ci95": None, "std": 0.1, "values": [0.4, 0.6]}


def test_table_has_a_column_a_training() -> None:
    lines = spread_table(Metrics.of({"val": {"mcc": SPREAD}, "run": RUN})).splitlines()
    assert lines[1].split()[-2:] == ["fold-0", "fold-1"]
    assert lines[2].split() == ["mcc", "0.500", "±", "0.100", "0.400", "0.600"]


def test_intervals_pooled_metrics_and_notes_are_shown() -> None:
    pooled = {"mcc": {"value": 0.45, "ci95": [0.4, 0.5]}}
    spread = {**SPREAD, "ci95": [0.45, 0.55], "note": "on 12 images"}
    text = spread_table(Metrics.of({"test": {"mcc": spread}, "pooled": pooled, "run": RUN}))
    assert "[0.450, 0.550]" in text
    assert "0.450 [0.400, 0.500]" in text
    assert text.splitlines()[-1] == "mcc: on 12 images."


def test_undefined_values_are_dashes() -> None:
    spread = {"value": None, "ci95": None, "std": None, "values": [None, None]}
    text = spread_table(Metrics.of({"val": {"roc_auc": spread}, "run": RUN}))
    assert text.splitlines()[-1].split() == ["roc_auc", "-", "-", "-"]
