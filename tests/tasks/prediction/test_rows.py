from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from astroclf.bundle import Prediction
from astroclf.bundle.checks import NotFiniteError
from astroclf.data.inputs.source import Block, Row, block_of
from astroclf.errors import UserError
from astroclf.tasks.prediction.rows import Predicted, column_names, predict_block, set_texts

CLASSES = ("galaxy", "star")


def make_block(reasons: list[str]) -> Block:
    rows = [Row(str(number), f"{number}.png", (f"m{number}",)) for number in range(len(reasons))]
    images = np.arange(sum(not reason for reason in reasons), dtype=np.float32)
    return block_of(0, rows, reasons, images.reshape(-1, 1, 1, 1), images / 8)


def predict(images: np.ndarray, columns: np.ndarray | None = None) -> Prediction:
    """Return the value of each image as its probability of a star; 2 and more is refused."""
    stars = images.reshape(-1).astype(float) / 2
    if (stars > 0.9).any():
        raise NotFiniteError("image 3 of those given")
    shares = np.stack([1 - stars, stars], axis=1)
    return Prediction(shares, shares.argmax(axis=1), sets=shares > 0.4, spread=shares / 10)


MODEL: Any = SimpleNamespace(prediction=predict, columns=())


def test_rows_without_an_image_are_empty_but_for_their_reason() -> None:
    block = make_block(["", "empty file", ""])
    columns = predict_block(MODEL, block).columns(CLASSES, ["magnitude"])
    assert list(columns) == column_names(CLASSES, ["magnitude"])
    assert columns["label"] == ["galaxy", "", "galaxy"]
    assert columns["magnitude"] == ["m0", "m1", "m2"]
    np.testing.assert_array_equal(columns["p_star"], [0, np.nan, 0.5])
    np.testing.assert_array_equal(columns["confidence"], [1, np.nan, 0.5])
    np.testing.assert_allclose(columns["spread"], [0.1, np.nan, 0.05])  # type: ignore[arg-type]
    assert columns["prediction_set"] == ["galaxy", "", "galaxy|star"]
    assert np.isnan(columns["unlike_training"]).all()  # type: ignore[call-overload]
    np.testing.assert_array_equal(columns["invalid_share"], [0, np.nan, 0.125])
    assert columns["reason"] == ["", "empty file", ""]


def test_an_image_without_finite_logits_has_a_reason() -> None:
    block = make_block(["", "", "empty file", ""])
    predicted = predict_block(MODEL, block)
    columns = predicted.columns(CLASSES, [])
    assert columns["reason"] == ["", "", "empty file", "the network outputs no finite number"]
    assert columns["label"] == ["galaxy", "galaxy", "", ""]
    np.testing.assert_array_equal(columns["invalid_share"], [0, 0.125, np.nan, np.nan])


@pytest.mark.parametrize("reasons", [["empty file"], []])
def test_a_block_without_images_has_all_columns(reasons: list[str]) -> None:
    columns = Predicted(make_block(reasons), None).columns(CLASSES, [])
    assert list(columns) == column_names(CLASSES, [])
    assert {len(column) for column in columns.values()} == {len(reasons)}


def test_a_kept_column_with_the_name_of_another_is_refused() -> None:
    for kept in (["label"], ["a", "a"], ["p_star"]):
        with pytest.raises(UserError, match=f"predict.keep_columns={kept[0]}: the table"):
            column_names(CLASSES, kept)


def test_sets_may_be_empty() -> None:
    sets = np.array([[True, False], [False, False], [True, True]])
    assert set_texts(sets, CLASSES, 3) == ["galaxy", "", "galaxy|star"]
    assert set_texts(None, CLASSES, 2) == ["", ""]


def test_a_model_that_cannot_be_used_ends_the_run() -> None:
    def fail(images: np.ndarray, columns: None = None) -> Prediction:
        raise UserError("reference.npz is damaged")

    broken: Any = SimpleNamespace(prediction=fail, columns=())
    with pytest.raises(UserError, match=r"reference\.npz is damaged"):
        predict_block(broken, make_block(["", ""]))
