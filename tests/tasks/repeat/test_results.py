from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import Metrics
from astroclf.settings import Settings
from astroclf.tasks.repeat.results import run_facts, tracked_metrics

RUN = {"train_s": 1.25, "warnings": ["few images", "small classes"]}


def test_facts_sum_the_time_and_list_each_warning_once(settings: Callable[..., Settings]) -> None:
    folders = [RunFolder(Path(name)) for name in ("seed-1", "seed-2")]
    metrics = [
        Metrics.of({"run": RUN}),
        Metrics.of({"run": {**RUN, "warnings": ["small classes"]}}),
    ]
    facts = run_facts(settings("seeds=[1,2]"), folders, metrics)
    assert facts["train_s"] == 2.5
    assert facts["warnings"] == ["few images", "small classes"]
    assert (facts["runs"], facts["seeds"]) == (["seed-1", "seed-2"], [1, 2])
    assert facts["selection_metric"] == "val loss"


def test_tracked_metrics_have_the_names_of_a_single_run() -> None:
    spread = {"value": 0.5, "ci95": None, "std": 0.1, "values": [0.4, 0.6]}
    content = {"val": {"mcc": spread}, "test": {"mcc": {**spread, "std": None}}}
    pooled = {"mcc": {"value": 0.4, "ci95": None}}
    assert tracked_metrics(Metrics.of({**content, "pooled": pooled, "run": RUN})) == {
        "val_best/mcc": 0.5,
        "val_best/mcc_std": 0.1,
        "test/mcc": 0.5,
        "pooled/mcc": 0.4,
    }
