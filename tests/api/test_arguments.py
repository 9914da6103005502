from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from astroclf.api.arguments import as_overrides, dataset_overrides


@pytest.mark.parametrize(
    ("named", "overrides"),
    [
        ({"seed": 3}, ["seed=3"]),
        ({"model": "mobilenet"}, ["model=mobilenet"]),
        ({"trainer": {"epochs": 5, "patience": None}}, ["trainer.epochs=5", "trainer.patience=null"]),
        ({"trainer.epochs": 5}, ["trainer.epochs=5"]),
        ({"seeds": [1, 2]}, ["seeds=[1,2]"]),
        ({"model": {"pretrained": False}}, ["model.pretrained=false"]),
        ({"optimizer": {"lr": 1e-5}}, ["optimizer.lr=1e-05"]),
        ({"tracking": {"run_name": "a b"}}, ["tracking.run_name='a b'"]),
    ],
    ids=str,
)  # fmt: skip
def test_named_values_become_overrides(named: dict[str, Any], overrides: list[str]) -> None:
    assert as_overrides([], named) == overrides


def test_texts_come_first_and_as_given() -> None:
    assert as_overrides(["loss=focal"], {"seed": 1}) == ["loss=focal", "seed=1"]


def test_a_dataset_is_a_choice_a_folder_or_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("images").mkdir()
    assert dataset_overrides("simulated") == ["dataset=simulated"]
    assert dataset_overrides("images") == ["dataset=image_folder", "dataset.root=images"]
    assert dataset_overrides("t.csv") == ["dataset=catalog", "dataset.table=t.csv"]
    assert dataset_overrides(Path("t.csv")) == ["dataset=catalog", "dataset.table=t.csv"]
    assert dataset_overrides({"n_images": 64}) == ["dataset.n_images=64"]
