from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import astroclf
from astroclf.api.model import Model
from astroclf.files import read_csv


@pytest.fixture(scope="module")
def folder(train_run: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run on image files of two classes."""
    root = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for label, brightness in (("dark", 60), ("light", 190)):
        for number in range(30):
            file = root / label / f"{number}.png"
            file.parent.mkdir(exist_ok=True)
            pixels = rng.integers(brightness - 50, brightness + 50, (16, 16, 3), np.uint8)
            Image.fromarray(pixels).save(file)
    return train_run(
        "dataset=image_folder", f"dataset.root={root}", "dataset.image_px=16", "trainer.epochs=1",
        "evaluation.bootstrap_resamples=0", "model.widths=[4,4]",
        "model.hidden_units=[8]",
    )  # fmt: skip


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return astroclf.load(folder, device="cpu")


def test_load_takes_a_run_or_its_bundle(folder: Path, model: Model) -> None:
    assert model.classes == ("dark", "light")
    assert astroclf.load(str(folder / "bundle")).classes == model.classes
    with pytest.raises(astroclf.UserError):
        astroclf.load(folder / "nothing")


def test_predictions_of_files_equal_those_of_the_evaluation(folder: Path, model: Model) -> None:
    rows = read_csv(folder / "predictions.csv")[:8]
    root = Path(model.bundle.facts["dataset"]["root"])
    frame = model.predict([root / row["id"] for row in rows])
    assert list(frame) == [
        *("id", "path", "label", "p_dark", "p_light", "confidence"),
        *("prediction_set", "unlike_training", "spread", "invalid_share", "reason"),
    ]
    assert frame["label"].tolist() == [row["label"] for row in rows]
    expected = [float(row["p_light"]) for row in rows]
    assert frame["p_light"].to_numpy() == pytest.approx(expected, abs=1e-5)


def test_arrays_have_their_position_as_id(model: Model) -> None:
    images = np.zeros((3, 3, 16, 16), np.uint8)
    frame = model.predict(images)
    assert frame["id"].tolist() == ["0", "1", "2"]
    assert frame[["p_dark", "p_light"]].sum(axis=1).to_numpy() == pytest.approx(1)
    assert astroclf.predict(model, images).equals(frame)


def test_predict_without_images_is_refused(model: Model) -> None:
    with pytest.raises(astroclf.UserError, match="given no images"):
        model.predict([])


def test_a_model_is_shown_by_its_classes_and_images(model: Model) -> None:
    assert repr(model) == "Model(classes=['dark', 'light'], images=16 x 16 px in red, green, blue)"


def test_a_folder_and_its_archive_give_the_same_rows(
    folder: Path, model: Model, tmp_path: Path
) -> None:
    root = Path(model.bundle.facts["dataset"]["root"])
    frame = model.predict(root)
    archive = shutil.make_archive(str(tmp_path / "images"), "zip", root)
    assert len(frame) == 60
    assert frame.drop(columns="path").equals(model.predict(archive).drop(columns="path"))


def test_options_describe_a_table(folder: Path, model: Model, tmp_path: Path) -> None:
    root = Path(model.bundle.facts["dataset"]["root"])
    table = tmp_path / "t.csv"
    table.write_text("where,name,z\ndark/1.png,first,0.1\nnowhere.png,second,0.2\n")
    options = {"path_column": "where", "id_column": "name", "image_root": str(root)}
    frame = model.predict(table, keep_columns="z", **options)  # type: ignore[arg-type]
    assert frame["id"].tolist() == ["first", "second"]
    assert frame["z"].tolist() == ["0.1", "0.2"]
    assert frame["reason"].tolist() == ["", f"missing in {root}"]
    assert frame["confidence"].isna().tolist() == [False, True]
    with pytest.raises(astroclf.UserError, match="column is not an option of predict"):
        model.predict(table, column="where")


def test_batches_are_parts_of_the_whole_table(folder: Path, model: Model) -> None:
    root = Path(model.bundle.facts["dataset"]["root"])
    parts = list(model.predict_batches(root, batch_size=25))
    assert [len(part) for part in parts] == [25, 25, 10]
    whole = model.predict(root)
    assert np.concatenate([part["p_dark"] for part in parts]) == pytest.approx(whole["p_dark"])


def test_an_input_without_a_usable_image_is_refused(model: Model, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "b.png").write_bytes(b"x")
    with pytest.raises(
        astroclf.UserError,
        match=r"none of its 2 images can be used: empty file \(1\); not a .* Give 8-bit images of 3 bands",
    ):
        model.predict(tmp_path)
    with pytest.raises(astroclf.UserError, match=r"a\.png: its image cannot be used: empty file"):
        model.predict(tmp_path / "a.png")


def test_load_takes_several_models_as_an_ensemble(
    folder: Path, model: Model, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder / "bundle", copy)
    ensemble = astroclf.load([folder, copy], device="cpu")
    assert repr(ensemble).endswith("px in red, green, blue, members=2)")
    assert [Path(name).name for name in ensemble.members] == ["bundle", "copy"]
    images = np.random.default_rng(0).integers(0, 256, (3, 3, 16, 16), np.uint8)
    uncalibrated = model.bundle.predict(images)  # of two equal members, before the temperature
    again = ensemble.bundle.decision.probabilities(np.log(uncalibrated))
    assert ensemble.bundle.predict(images) == pytest.approx(again, abs=1e-9)
    assert model.members == ()


def test_load_finds_the_last_run_below_outputs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(astroclf.UserError, match="there is no finished training in outputs"):
        astroclf.load("last", tracking="none")
    shutil.copytree(folder, tmp_path / "outputs/run")
    assert astroclf.load("last", "cpu", tracking="none").classes == ("dark", "light")
