from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from astroclf.bundle import Prediction
from astroclf.data.formats import RGB
from astroclf.data.framing import Framing
from astroclf.data.inputs.folder import FolderInput
from astroclf.data.pixels import Pixels
from astroclf.runs.folder import RunFolder
from astroclf.runs.prediction_table import prediction_table
from astroclf.tasks.prediction.rows import column_names, predict_block
from astroclf.tasks.prediction.sheet import contact_sheet
from astroclf.tasks.prediction.summary import summarize

CLASSES = ("dark", "light")


def predict(images: np.ndarray, columns: np.ndarray | None = None) -> Prediction:
    """Return the brightness as the probability of light, and as p-value."""
    light = images.mean(axis=(1, 2, 3)) / 255
    shares = np.stack([1 - light, light], axis=1)
    return Prediction(shares, shares.argmax(axis=1), unlike_training=light)


MODEL: Any = SimpleNamespace(
    classes=CLASSES,
    pixels=Pixels(RGB, None, "asinh"),
    image_px=8,
    provenance={"model_from": "outputs/run"},
    decision=SimpleNamespace(
        activation=SimpleNamespace(rows_sum_to_one=True), conformal=SimpleNamespace(level=0.9)
    ),
    prediction=predict,
    columns=(),
)


def test_galleries_show_the_images_of_the_extreme_rows(tmp_path: Path) -> None:
    for number in range(20):
        Image.new("RGB", (8, 8), (13 * number,) * 3).save(tmp_path / f"{number:02d}.png")
    (tmp_path / "x.png").write_bytes(b"")
    framing = Framing(RGB, "8-bit", "asinh", crop_px=None, image_px=8)
    images = FolderInput("predict.input=images", tmp_path, framing)
    table = prediction_table(RunFolder(tmp_path / "run"), "csv", column_names(CLASSES, ()))
    (tmp_path / "run").mkdir()
    table.truncate(0)
    table.append(predict_block(MODEL, images.read(0, len(images))).columns(CLASSES, ()))
    table.finish()
    summary = summarize(table, CLASSES, 3, has_sets=False)
    sheet = contact_sheet("t", summary, MODEL, images)
    assert sheet.counts == {"dark": 10, "light": 10}
    assert sheet.reasons == {"empty file": 1}
    assert (sheet.level, sheet.n) == (0.9, 20)
    assert sheet.facts["model"] == "outputs/run"
    shown = {each.title: [example.id for example in each.examples] for each in sheet.certain}
    assert shown == {"dark": ["00", "01", "02"], "light": ["19", "18", "17"]}
    assert [example.id for example in sheet.unlike[1].examples] == ["10", "11", "12"]
    assert [example.id for example in sheet.uncertain.examples][:2] == ["10", "09"]
    light = sheet.certain[1].examples[0]
    assert light.image.tolist() == np.full((8, 8, 3), 247).tolist()
    assert (light.label, light.p_value) == ("light", light.probability)
    assert sheet.unlike_share == 1 / 20
