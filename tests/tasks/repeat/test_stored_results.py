"""Results of trainings that were damaged since."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from astroclf.errors import UserError
from astroclf.tasks.repeat.stored_results import has_results, read_metrics, read_predictions

METRICS = {
    "val": {"accuracy": {"value": 0.5, "ci95": [0.4, 0.6]}, "mcc": {"value": None, "ci95": None}},
    "run": {"train_s": 1.5, "warnings": ["few images"], "seed": 0},
}
HEADER, ROW = "id,split,truth,label,p_galaxy,p_star", "a,val,star,star,0.2,0.8"
CLASSES = ("galaxy", "star")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "metrics.json").write_text(json.dumps(METRICS))
    (tmp_path / "predictions.csv").write_text(f"{HEADER}\n{ROW}\n{ROW}\n")
    return tmp_path


def test_whole_results_are_read(folder: Path) -> None:
    assert read_metrics(folder) == METRICS
    assert [row["p_star"] for row in read_predictions(folder, CLASSES)] == ["0.8", "0.8"]
    assert has_results(folder, CLASSES)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "Expecting value"),
        ("[]", "content: input should be a valid dictionary"),
        (json.dumps({"run": METRICS["run"]}), "val: field required"),
        (json.dumps({**METRICS, "val": [1]}), "val: input should be a valid dictionary"),
        (json.dumps({**METRICS, "val": {"mcc": {"ci95": None}}}), "val.mcc.value: field required"),
        (json.dumps({**METRICS, "val": {"mcc": {"value": "0.5"}}}), "val.mcc.value: input should"),
        (json.dumps({**METRICS, "run": {"train_s": None}}), "run.train_s: input should be"),
    ],
)
def test_damaged_metrics_are_refused(folder: Path, content: str, reason: str) -> None:
    (folder / "metrics.json").write_text(content)
    with pytest.raises(UserError) as refused:
        read_metrics(folder)
    assert f"metrics.json is damaged ({reason}" in str(refused.value)
    assert not has_results(folder, CLASSES)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f"{HEADER}\n{ROW[:-5]}", "row 1 lacks p_star"),
        (f"{HEADER[:-6]}\n{ROW}", "row 1 lacks p_star"),
        (
            f"{HEADER}\n{ROW}\n{ROW.replace('0.8', 'nan')}",
            "row 2 has no probability of every class",
        ),
        (f"{HEADER}\n{ROW.replace('0.8', '8')}", "row 1 has no probability of every class"),
        (f"{HEADER}\n{ROW.replace('star,0', 'stxr,0')}", "row 1 has the label 'stxr'"),
    ],
)
def test_damaged_predictions_are_refused(folder: Path, content: str, reason: str) -> None:
    (folder / "predictions.csv").write_text(content)
    with pytest.raises(UserError) as refused:
        read_predictions(folder, CLASSES)
    assert f"predictions.csv is damaged ({reason}" in str(refused.value)
    assert not has_results(folder, CLASSES)


def test_missing_results_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"metrics\.json cannot be read \(No such file"):
        read_metrics(tmp_path)
    assert not has_results(tmp_path, CLASSES)
