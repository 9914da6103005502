"""Catalog columns beside the image, from the table to predictions of new images."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import astroclf
from astroclf.bundle import read_bundle
from astroclf.errors import UserError
from astroclf.files import read_csv

Run = Callable[..., Path]
COLUMNS = "model.features_columns=[color_gr,mag_r]"
N = 60


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of noise, whose classes only the color tells; ids of 18 digits and with leading zeros."""
    from PIL import Image

    folder, rng = tmp_path_factory.mktemp("stamps"), np.random.default_rng(0)
    is_red = np.arange(N) % 2 == 0
    ids = [f"00{n}" if n % 3 else str(123764587793606258 + n) for n in range(N)]
    for name in ids:
        Image.fromarray(rng.integers(0, 255, (16, 16), np.uint8)).save(folder / f"{name}.png")
    magnitudes = rng.normal(18, 1, N).round(3).astype(object)
    magnitudes[[4, 9, 40]] = None
    content = {
        "objID": ids,
        "class": np.where(is_red, "early", "late"),
        "color_gr": np.where(is_red, 0.8, 0.3) + rng.normal(0, 0.02, N),
        "mag_r": magnitudes,
        "set": np.select([np.arange(N) < 36, np.arange(N) < 48], ["train", "val"], "test"),
    }
    pd.DataFrame(content).to_csv(folder / "stamps.csv", index=False)
    return folder / "stamps.csv"


@pytest.fixture(scope="module")
def train(train_run: Run, table: Path) -> Run:
    def run(*overrides: str) -> Path:
        return train_run(
            "dataset=catalog", f"dataset.table={table}", "dataset.image_column=objID", "dataset.id_column=objID",
            "dataset.split_column=set", "dataset.image_px=16", "dataset.channels=1", "augment=none", "model.widths=[4]",
            "model.hidden_units=[]", "trainer.epochs=12", "evaluation.report=false", "optimizer.lr=0.05", "evaluation.bootstrap_resamples=0",
            "model.dropout=0", "model.pool=average", COLUMNS, *overrides,
        )  # fmt: skip

    return run


@pytest.fixture(scope="module")
def model(train: Run) -> Path:
    return train()


def accuracy(folder: Path) -> float:
    return float(json.loads((folder / "metrics.json").read_text())["test"]["accuracy"]["value"])


def test_a_network_learns_from_columns_alone(model: Path) -> None:
    assert accuracy(model) == 1
    warnings = json.loads((model / "metrics.json").read_text())["run"]["warnings"]
    assert any("mag_r of 3 images" in each for each in warnings)


def test_the_bundle_has_the_statistics_of_train(model: Path, table: Path) -> None:
    bundle = read_bundle(model / "bundle", "cpu")
    assert bundle.columns == ("color_gr", "mag_r")
    train = pd.read_csv(table).query("set == 'train'")
    encoder = bundle.predictor.network.get_submodule("head.columns")
    np.testing.assert_allclose(
        encoder.get_buffer("median"), train[["color_gr", "mag_r"]].median(), rtol=1e-5
    )
    images = np.zeros((2, 1, 16, 16), np.uint8)
    with pytest.raises(UserError, match="the model takes the catalog columns color_gr, mag_r"):
        bundle.predict(images)
    with pytest.raises(UserError, match=r"\(2, 1\) do not fit: the model takes \(2, 2\)"):
        bundle.predict(images, np.zeros((2, 1), np.float32))


@pytest.mark.slow
@pytest.mark.parametrize(
    "strategy", [["finetune=classifier"], ["finetune=lora", "finetune.rank=1"]], ids=str
)
def test_every_strategy_trains_with_columns(train: Run, strategy: list[str]) -> None:
    assert accuracy(train(*strategy)) == 1


def test_predictions_of_a_table_equal_those_of_the_training(
    train_run: Run, model: Path, table: Path
) -> None:
    trained = {row["id"]: row for row in read_csv(model / "predictions.csv")}
    folder = train_run(
        "task=predict", f"model_from={model}", f"predict.input={table}", "predict.path_column=objID",
        "predict.id_column=objID",
    )  # fmt: skip
    rows = read_csv(folder / "predictions.csv")
    assert [row["id"] for row in rows] == pd.read_csv(table, dtype=str)["objID"].tolist()
    same = [row for row in rows if row["id"] in trained]
    assert len(same) >= 12
    for row in same:
        assert float(row["p_late"]) == pytest.approx(float(trained[row["id"]]["p_late"]), abs=1e-5)


def test_a_table_without_a_column_is_refused(
    train_run: Run, model: Path, table: Path, tmp_path: Path
) -> None:
    lacking = tmp_path / "new.csv"
    pd.read_csv(table, dtype=str).drop(columns="mag_r").to_csv(lacking, index=False)
    with pytest.raises(UserError) as refused:
        train_run(
            "task=predict",
            f"model_from={model}",
            f"predict.input={lacking}",
            "predict.path_column=objID",
        )
    assert str(refused.value) == (
        f"predict.input={lacking} has no column mag_r, which the model takes beside each image, only objID, class, color_gr, set. "
        "Add or rename it."
    )
    with pytest.raises(UserError, match="Give a table of the images with these columns"):
        train_run("task=predict", f"model_from={model}", f"predict.input={table.parent}")


def test_a_cell_that_is_no_number_is_refused(
    train_run: Run, model: Path, table: Path, tmp_path: Path
) -> None:
    wrong = pd.read_csv(table, dtype=str)
    wrong.loc[2, "mag_r"] = "bright"
    wrong.to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(UserError, match="mag_r of row 3 is bright, not a finite number"):
        train_run(
            "task=predict", f"model_from={model}", f"predict.input={tmp_path / 'new.csv'}", "predict.path_column=objID",
            f"predict.image_root={table.parent}",
        )  # fmt: skip


@pytest.mark.slow
def test_evaluation_reads_the_columns_of_the_model(
    train_run: Run, model: Path, table: Path
) -> None:
    folder = train_run(
        "task=evaluate", f"model_from={model}", "dataset=catalog", f"dataset.table={table}", "dataset.image_column=objID",
        "dataset.id_column=objID", "evaluation.bootstrap_resamples=0", "dataset.channels=1",
    )  # fmt: skip
    trained = {row["id"]: row["p_late"] for row in read_csv(model / "predictions.csv")}
    found = {row["id"]: row["p_late"] for row in read_csv(folder / "predictions.csv")}
    shared = set(trained) & set(found)
    assert len(shared) >= 12
    for name in shared:
        assert float(found[name]) == pytest.approx(float(trained[name]), abs=1e-5)


def test_ids_are_texts_in_python(model: Path, table: Path) -> None:
    dataset = astroclf.read_dataset(
        "catalog", f"dataset.table={table}", "dataset.image_column=objID", "dataset.id_column=objID", "dataset.image_px=16",
        "dataset.channels=1", COLUMNS,
    )  # fmt: skip
    frame = astroclf.load(model).predict(dataset)
    assert frame["id"].tolist() == pd.read_csv(table, dtype=str)["objID"].tolist()
    from_table = astroclf.load(model).predict(table, path_column="objID", id_column="objID")
    np.testing.assert_allclose(from_table["p_late"], frame["p_late"], atol=1e-6)


def test_inspection_of_the_model_is_refused(train_run: Run, model: Path, table: Path) -> None:
    with pytest.raises(UserError, match="the pages on a model explain images alone"):
        train_run(
            "task=inspect", f"model_from={model}", "dataset=catalog", f"dataset.table={table}"
        )


@pytest.mark.slow
def test_exported_models_take_columns_as_second_input(train_run: Run, model: Path) -> None:
    pytest.importorskip("onnxruntime")
    folder = train_run("task=export", f"model_from={model}", "export.format=[torch_export]")
    program = torch.export.load(folder / "model.pt2").module()
    bundle = read_bundle(model / "bundle", "cpu")
    images = np.random.default_rng(0).integers(0, 255, (3, 1, 16, 16), np.uint8)
    columns = np.array([[0.8, 18], [0.3, np.nan], [0.5, 17]], np.float32)
    probabilities, _ = program(torch.from_numpy(images), torch.from_numpy(columns))
    np.testing.assert_allclose(probabilities.detach(), bundle.predict(images, columns), atol=1e-5)
    description = json.loads((folder / "export.json").read_text())
    assert description["columns"]["columns"] == ["color_gr", "mag_r"]


@pytest.mark.slow
def test_ensembles_pass_the_columns_to_their_members(train: Run, model: Path) -> None:
    other = train("seed=1")
    both = astroclf.load([str(model), str(other)]).bundle
    images = np.zeros((2, 1, 16, 16), np.uint8)
    columns = np.array([[0.8, 18], [0.3, np.nan]], np.float32)
    parts = [
        read_bundle(each / "bundle", "cpu").predict(images, columns) for each in (model, other)
    ]
    prediction = both.prediction(images, columns)
    assert prediction.spread is not None
    np.testing.assert_allclose(prediction.spread, np.std(parts, axis=0, ddof=1), atol=1e-6)
