"""Served model: rows of images in, rows of predictions out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from astroclf.bundle import Bundle, Prediction
from astroclf.data.formats import BadImage
from astroclf.errors import UserError, one_line
from astroclf.serving.images import ARRAY, FILE, is_missing, read_image

if TYPE_CHECKING:
    import pandas as pd

ID = "id"
IMAGES_AT_ONCE = 256  # held in memory

Cells = dict[str, object]  # one row of the answer


class ServedModel:
    """A bundle behind MLflow's `predict`.

    most_images: rows of one call that are accepted; None for any number.
    """

    def __init__(self, bundle: Bundle, most_images: int | None = None) -> None:
        self.bundle = bundle
        self.most_images = most_images

    def predict(
        self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return one row an image: `id`, `label`, `p_<class>`, `confidence`, `prediction_set`,
        `unlike_training` and `reason`.

        model_input: columns `file` (base64 of an image file) and `array` ((C, H, W)), of which each row
        has one, and optionally `id`. A row whose image cannot be used has its reason alone. Raises
        MlflowException, status 400, for more than `most_images` rows.
        """
        import pandas as pd

        self._require_few(len(model_input))
        columns = {name: _column(model_input, name) for name in (ID, FILE, ARRAY)}
        rows: list[Cells] = []
        for start in range(0, len(model_input), IMAGES_AT_ONCE):
            part = slice(start, start + IMAGES_AT_ONCE)
            rows += self._predict_rows(columns[FILE][part], columns[ARRAY][part])
        ids = [str(n) if is_missing(name) else str(name) for n, name in enumerate(columns[ID])]
        rows = [{ID: name, **row} for name, row in zip(ids, rows, strict=True)]
        names = [ID, *self._no_prediction("")]
        # Of objects, so that a missing number is None, which JSON has, and not NaN.
        return pd.DataFrame(rows, columns=names, dtype=object)

    def _require_few(self, n: int) -> None:
        if self.most_images is not None and n > self.most_images:
            from mlflow.exceptions import MlflowException

            raise MlflowException.invalid_parameter_value(
                f"The request has {n:,} images, more than the {self.most_images:,} that are accepted. Send "
                "several requests."
            )

    def _predict_rows(self, files: Sequence[Any], arrays: Sequence[Any]) -> list[Cells]:
        images: list[np.ndarray] = []
        reasons: list[str] = []
        for file, array in zip(files, arrays, strict=True):
            try:
                images.append(read_image(self.bundle, file, array))
                reasons.append("")
            except BadImage as reason:
                reasons.append(one_line(reason))
        predicted = iter(self._predict(images))
        return [self._no_prediction(reason) if reason else next(predicted) for reason in reasons]

    def _predict(self, images: Sequence[np.ndarray]) -> list[Cells]:
        """Return a row for each image; one for which the network outputs no number gets a reason."""
        if not images:
            return []
        try:
            prediction = self.bundle.prediction(np.stack(images))
        except UserError as error:
            if len(images) == 1:
                return [self._no_prediction(one_line(error))]
            return [row for image in images for row in self._predict([image])]
        return [self._cells(prediction, n) for n in range(len(images))]

    def _cells(self, prediction: Prediction, n: int) -> Cells:
        classes = self.bundle.classes
        sets, unlike = prediction.sets, prediction.unlike_training
        in_set = (
            None
            if sets is None
            else [name for name, held in zip(classes, sets[n], strict=True) if held]
        )
        return {
            "label": classes[prediction.leading[n]],
            **{
                f"p_{name}": float(p)
                for name, p in zip(classes, prediction.probabilities[n], strict=True)
            },
            "confidence": float(prediction.confidence[n]),
            "prediction_set": in_set,
            "unlike_training": None if unlike is None or not len(unlike) else float(unlike[n]),
            "reason": "",
        }

    def _no_prediction(self, reason: str) -> Cells:
        names = ["label", *(f"p_{name}" for name in self.bundle.classes)]
        names += ["confidence", "prediction_set", "unlike_training"]
        return {**dict.fromkeys(names), "reason": reason}


def _column(frame: pd.DataFrame, name: str) -> list[Any]:
    return list(frame[name]) if name in frame else [None] * len(frame)
