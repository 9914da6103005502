"""Ablations of models whose classes differ in a known property."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from astroclf.files import read_csv

Row = dict[str, str]


@pytest.fixture(scope="module")
def losses(train_run: Callable[..., Path]) -> Callable[[str], dict[tuple[str, str], Row]]:
    """losses(sky): (ablation, class) -> row of ablations.csv, of a small network trained on a planted sky."""

    def measure(sky: str) -> dict[tuple[str, str], Row]:
        data = (
            "dataset=custom", f"dataset.target=fixtures.planted_sky.{sky}", "dataset.test_fraction=0.4",
            "evaluation.bootstrap_resamples=0", "evaluation.report=false",
        )  # fmt: skip
        trained = train_run(
            *data, "model.widths=[8,8]", "model.pool=average", "model.hidden_units=[]",
            "trainer.epochs=12", "optimizer.lr=0.01",
        )  # fmt: skip
        inspected = train_run(
            *data, "task=inspect", f"model_from={trained}", "inspect.map=pca",
            "inspect.ablations=[gray,rotate_90]",
        )  # fmt: skip
        rows = read_csv(inspected / "ablations.csv")
        return {(row["ablation"], row["class"]): row for row in rows}

    return measure


def test_a_planted_color_shortcut_is_found(
    losses: Callable[[str], dict[tuple[str, str], Row]],
) -> None:
    found = losses("color_decides")
    gray = found["gray", "all"]
    assert float(gray["accuracy"]) > 0.95
    assert float(gray["loss"]) > 0.3
    assert float(gray["loss_low"]) > 0.2
    # Without color one class cannot be told from the other: all images get one label.
    of_classes = sorted(float(found["gray", name]["loss"]) for name in ("blue", "red"))
    assert of_classes[1] > 0.6
    assert float(found["rotate_90", "all"]["loss_high"]) < 0.1


def test_color_is_not_missed_where_shape_decides(
    losses: Callable[[str], dict[tuple[str, str], Row]],
) -> None:
    gray = losses("shape_decides")["gray", "all"]
    assert float(gray["accuracy"]) > 0.75
    assert abs(float(gray["loss"])) < 0.1
    assert float(gray["loss_low"]) < 0.03
