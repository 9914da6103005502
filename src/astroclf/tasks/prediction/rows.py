"""Columns of the table of predictions, one row an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from astroclf.bundle import Bundle, Prediction
from astroclf.bundle.checks import NotFiniteError
from astroclf.data.framing import Framing
from astroclf.data.inputs.features import block_features
from astroclf.data.inputs.source import Block
from astroclf.errors import UserError

Columns = dict[str, Sequence[str] | np.ndarray]  # column -> texts, or numbers with NaN for none

FIRST = ("id", "path")
MIDDLE = ("confidence", "prediction_set", "unlike_training", "spread", "invalid_share")
SEPARATOR = "|"  # of the classes in a prediction set


def column_names(classes: Sequence[str], kept: Sequence[str]) -> list[str]:
    """Return the columns of the table. Raise UserError if a kept one has the name of another."""
    shares = [f"p_{name}" for name in classes]
    names = [*FIRST, "label", *shares, *MIDDLE, "reason"]
    taken = [name for name in kept if name in names or kept.count(name) > 1]
    if taken:
        raise UserError(
            f"predict.keep_columns={taken[0]}: the table of predictions has a column of that name. Rename it "
            "in the input, or leave it out."
        )
    return [*FIRST, *kept, *names[2:]]


def array_framing(model: Bundle) -> Framing:
    """Return the framing of images for a model: its own, or of training images that came from no file
    the central square of their size, at the pixel scale of the input."""
    return model.framing or Framing(
        bands=model.pixels.bands,
        depth=model.depth,
        stretch=model.pixels.stretch,
        crop_px=model.image_px,
        image_px=model.image_px,
    )


@dataclass(frozen=True, eq=False)
class Predicted:
    """Predictions of a block: of its rows with an image, in their order; None if it has none."""

    block: Block
    prediction: Prediction | None

    def columns(self, classes: Sequence[str], kept: Sequence[str]) -> Columns:
        """Return the columns of the table, whose cells are empty or NaN where there is no image."""
        block, prediction = self.block, self.prediction
        rows = np.flatnonzero(block.is_read)

        def numbers(values: np.ndarray | None) -> np.ndarray:
            column = np.full(len(block), np.nan)
            if values is not None:
                column[rows] = values
            return column

        def texts(values: Sequence[str]) -> list[str]:
            column = [""] * len(block)
            for row, value in zip(rows, values, strict=True):
                column[row] = value
            return column

        columns: Columns = {"id": block.ids, "path": block.paths}
        columns |= {name: [row[k] for row in block.kept] for k, name in enumerate(kept)}
        if prediction is None:
            empty = numbers(None)
            columns["label"] = texts(())
            columns |= {f"p_{name}": empty for name in classes}
            columns |= {"confidence": empty, "prediction_set": texts(())}
            columns |= {"unlike_training": empty, "spread": empty, "invalid_share": empty}
        else:
            leading, shares = prediction.leading, prediction.probabilities
            columns["label"] = texts([classes[k] for k in leading])
            columns |= {f"p_{name}": numbers(shares[:, k]) for k, name in enumerate(classes)}
            columns["confidence"] = numbers(prediction.confidence)
            columns["prediction_set"] = texts(set_texts(prediction.sets, classes, len(rows)))
            columns["unlike_training"] = numbers(prediction.unlike_training)
            spread = prediction.spread
            of_label = None if spread is None else spread[np.arange(len(rows)), leading]
            columns["spread"] = numbers(of_label)
            columns["invalid_share"] = numbers(block.invalid_shares)
        columns["reason"] = block.reasons
        return columns


def set_texts(sets: np.ndarray | None, classes: Sequence[str], count: int) -> list[str]:
    """Return the classes of each prediction set, joined by bars."""
    if sets is None:
        return [""] * count
    known = {row.tobytes(): row for row in np.unique(sets, axis=0)}
    texts = {
        key: SEPARATOR.join(name for name, is_in in zip(classes, row, strict=True) if is_in)
        for key, row in known.items()
    }
    return [texts[row.tobytes()] for row in np.ascontiguousarray(sets)]


def predict_block(model: Bundle, block: Block, kept: Sequence[str] = ()) -> Predicted:
    """Return the predictions of a block.

    kept: names of its kept columns, among which are the catalog columns that the model takes.

    An image for which the network outputs no finite number gets a reason; the others keep theirs.
    """
    if len(block.images) == 0:
        return Predicted(block, None)
    try:
        features = block_features(block, kept, model.columns)
        return Predicted(block, model.prediction(block.images, features))
    except NotFiniteError:
        return _predict_each(model, block, features)


def _predict_each(model: Bundle, block: Block, features: np.ndarray | None) -> Predicted:
    """Return the predictions of a block with an image whose pixels or logits are not finite."""
    reasons, accepted = list(block.reasons), []
    for number, row in enumerate(np.flatnonzero(block.is_read)):
        try:
            one = slice(number, number + 1)
            model.prediction(block.images[one], None if features is None else features[one])
            accepted.append(number)
        except NotFiniteError:
            reasons[row] = "the network outputs no finite number"
    rest = replace(
        block,
        reasons=reasons,
        images=block.images[accepted],
        invalid_shares=block.invalid_shares[accepted],
    )
    if not accepted:
        return Predicted(rest, None)
    of_rest = None if features is None else features[accepted]
    return Predicted(rest, model.prediction(rest.images, of_rest))
