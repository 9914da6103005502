from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astroclf.errors import UserError
from astroclf.integrity import sign
from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import SCHEMA, Metrics, read_metrics, write_metrics

CONTENT = {
    "val": {"accuracy": {"value": 0.5, "ci95": [0.4, 0.6]}, "mcc": {"value": None, "ci95": None}},
    "hand_test": {"ece": {"value": 0.02, "ci95": None, "floor": 0.01}},
    "per_class": {"val": {"star": {"n": 3, "recall": {"value": 1.0, "ci95": None, "note": "few"}}}},
    "run": {"seed": 0, "train_s": 1.5, "positive_class": None, "warnings": ["few images"], "torch": "2"},
}  # fmt: skip
REPEATED = {
    "val": {"loss": {"value": 2.0, "ci95": None, "std": None, "values": [2.0, None]}},
    "run": {"runs": ["seed-1", "seed-2"], "seeds": [1, 2], "train_s": 3.0, "warnings": []},
}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


@pytest.mark.parametrize("content", [CONTENT, REPEATED], ids=["run", "seeds"])
def test_metrics_are_read_as_they_were_written(folder: RunFolder, content: dict[str, Any]) -> None:
    write_metrics(folder, Metrics.of(content))
    assert read_metrics(folder).to_dict() == content
    assert list(json.loads(folder.metrics.read_text()))[:2] == ["schema_version", "val"]


def test_splits_have_their_metrics_and_other_parts_do_not(folder: RunFolder) -> None:
    metrics = Metrics.of(CONTENT)
    assert list(metrics.splits) == ["val", "hand_test"]
    assert metrics.splits["val"]["accuracy"].ci95 == [0.4, 0.6]
    assert metrics.run.warnings == ["few images"]


def test_numpy_numbers_become_floats() -> None:
    content = {"val": {"loss": {"value": np.float32(0.5), "ci95": None}}, "run": {"train_s": 1.0}}
    assert Metrics.of(content).splits["val"]["loss"].value == 0.5


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"val": [1]}, "val: input should be an object"),
        ({"val": {"mcc": {"ci95": None}}}, "val.mcc.value: field required"),
        ({"val": {"mcc": {"value": "0.5"}}}, "val.mcc.value: input should"),
        ({"val": {"mcc": {"value": 1.0, "cl95": None}}}, "val.mcc.cl95: extra inputs"),
        ({"run": {"train_s": None}}, "run.train_s: input should be"),
    ],
)
def test_content_of_another_form_is_refused(
    folder: RunFolder, change: dict[str, Any], reason: str
) -> None:
    folder.metrics.write_text(json.dumps(sign({"schema_version": 2, **CONTENT, **change})))
    with pytest.raises(UserError) as refused:
        read_metrics(folder)
    assert f"metrics.json is damaged ({reason}" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("[]", "it holds no table"),
        (json.dumps({"schema_version": 2, **CONTENT}), "it holds no checksum"),
        (
            json.dumps(sign({"schema_version": 2, **CONTENT})).replace("0.5", "0.9"),
            "its content does not match",
        ),
    ],
)
def test_damaged_file_is_refused(folder: RunFolder, text: str, reason: str) -> None:
    folder.metrics.write_text(text)
    with pytest.raises(UserError, match=r"metrics\.json is damaged") as refused:
        read_metrics(folder)
    assert reason in str(refused.value)


def test_missing_file_is_refused(folder: RunFolder) -> None:
    with pytest.raises(UserError, match=r"metrics\.json cannot be read \(No such file"):
        read_metrics(folder)


def test_newer_schema_is_refused_in_one_sentence(folder: RunFolder) -> None:
    newer = {"schema_version": SCHEMA.version + 1, **CONTENT}
    folder.metrics.write_text(json.dumps(sign(newer)))
    with pytest.raises(UserError, match=r"written by a newer version of astroclf .* Update astro"):
        read_metrics(folder)


def test_unversioned_file_is_migrated(folder: RunFolder) -> None:
    run = {"chosen_on": "val loss", "train_s": 3.0}
    spread = {"mean": 0.5, "std": 0.1, "values": [0.4, 0.6], "ci95": None}
    folder.metrics.write_text(json.dumps({"val": {"accuracy": spread}, "run": run}))
    metrics = read_metrics(folder)
    assert metrics.splits["val"]["accuracy"].value == 0.5
    assert metrics.splits["val"]["accuracy"].std == 0.1
    assert metrics.run.selection_metric == "val loss"
