from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from astroclf.runs.folder import RunFolder
from astroclf.runs.metrics import read_metrics
from astroclf.tasks.run_note import _escaped, _table
from astroclf.tracking.record import RUN_PAGE, read_record


def test_a_run_is_described_with_its_metrics_and_links(train_run: Callable[..., Path]) -> None:
    folder = train_run("trainer.epochs=1", "model.widths=[4]", "model.hidden_units=[8]")
    record = read_record(folder)
    assert record is not None
    note = record.tags["mlflow.note.content"]
    assert note.startswith(
        "**2 classes** (galaxy, star): model cnn, finetune full, data `simulated`"
    )
    accuracy = read_metrics(RunFolder(folder)).splits["test"]["accuracy"].value
    (row,) = [line for line in note.splitlines() if line.startswith("| accuracy |")]
    assert f"{accuracy:.3f}" in row
    assert f"[report]({RUN_PAGE}/artifacts/report.html)" in note
    assert (record.tags["task"], record.tags["dataset"]) == ("train", "simulated")


def test_names_are_not_interpreted() -> None:
    assert _escaped("<b>|a_b*") == "\\<b\\>\\|a\\_b\\*"
    assert _table([["", "val"], ["a|b", "1"]]) == "|  | val |\n| --- | --- |\n| a\\|b | 1 |"
