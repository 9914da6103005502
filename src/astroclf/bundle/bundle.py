"""Bundle: a trained classifier applied to new images."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from astroclf.bundle.checks import (
    require_columns,
    require_finite_logits,
    require_finite_pixels,
    require_images,
)
from astroclf.bundle.prediction import Prediction
from astroclf.bundle.reference import Reference
from astroclf.data.formats import BadImage, Depth
from astroclf.data.framing import Framing
from astroclf.data.mosaics.parameters import CutoutParameters
from astroclf.data.pixels import Pixels
from astroclf.errors import UserError
from astroclf.evaluation.decisions.decision import Decision
from astroclf.evaluation.decisions.fitting import with_prediction_sets
from astroclf.evaluation.labels import make_labels
from astroclf.inference.predictor import Predictor


@dataclass(frozen=True)
class Bundle:
    """A trained classifier for images prepared as its training images were.

    predictor: from images to logits. decision: from logits to probabilities and labels. pixels,
    image_px, depth: of the training images; depth None accepts any. framing: from image files to
    images; None for training images that came from no file. cutouts: from mosaics to stamps; None for
    other training images. provenance: code, software, date.
    facts: settings of the data set and metrics of the run. load_reference: reads `reference`; None
    for a bundle without one. columns: names of the catalog columns that the network takes beside images.
    """

    predictor: Predictor
    decision: Decision
    classes: tuple[str, ...]
    pixels: Pixels
    image_px: int
    depth: Depth | None
    framing: Framing | None
    provenance: Mapping[str, str] = field(repr=False)
    facts: Mapping[str, Any] = field(repr=False)
    load_reference: Callable[[], Reference] | None = field(default=None, repr=False)
    cutouts: CutoutParameters | None = None
    columns: tuple[str, ...] = ()

    @cached_property
    def reference(self) -> Reference | None:
        """Images of the training, and what is calibrated on validation; None in bundles of formats 2 to 5.

        Read at the first use. Raises UserError if the file is damaged.
        """
        return None if self.load_reference is None else self.load_reference()

    def with_prediction_sets(self, level: float) -> Bundle:
        """Return the bundle with prediction sets of a level, fitted to the validation images of its reference.

        level: in (0, 1). Raises UserError for a bundle without reference, and for vote fractions.
        """
        reference = self.reference
        if reference is None:
            raise UserError(
                f"evaluation.conformal={level:g}: this model has no record of its validation images, which models of "
                "older versions lack. Set it to null, or train the model again."
            )
        if not self.decision.activation.rows_sum_to_one:
            raise UserError(
                f"evaluation.conformal={level:g}: prediction sets are for classes, but this model predicts vote "
                "fractions. Set it to null."
            )
        labels = make_labels(reference.val_targets, self.classes, reference.val_groups)
        decision = with_prediction_sets(self.decision, reference.val_logits, labels, level)
        return replace(self, decision=decision)

    def read_files(self, files: Path | str | Sequence[Path | str]) -> np.ndarray:
        """Return (N, C, H, W): images from one file or several, prepared as in training.

        Raises UserError for a file that is unreadable, or of another depth or a smaller size than
        the training images.
        """
        paths = [files] if isinstance(files, str | os.PathLike) else list(files)
        if not paths:
            raise UserError("read_files was given no files. Give it one path or several.")
        return np.stack([self._read_file(Path(path).expanduser()) for path in paths])

    def _read_file(self, file: Path) -> np.ndarray:
        if self.framing is None:
            raise UserError(
                f"{file} cannot be used: this model was trained on images that came from no file. Give `predict` "
                "an array in the units of the training images."
            )
        try:
            return self.framing.read(file)
        except BadImage as reason:
            raise UserError(
                f"{file} cannot be used: {reason}. Give files of the same kind and pixel scale as the training images."
            ) from reason

    def predict(self, images: np.ndarray, columns: np.ndarray | None = None) -> np.ndarray:
        """Return (N, K) float64 probabilities of the classes, or vote fractions.

        images: (N, C, H, W) as a data set holds them, of the width and depth of the training images.
        columns: (N, F) float32 in the order of `columns`, NaN where missing; None for a model without columns.
        Raises UserError for anything else, and for pixels or logits that are not finite.
        """
        return self.decision.probabilities(self._outputs(images, columns)[0])

    def prediction(self, images: np.ndarray, columns: np.ndarray | None = None) -> Prediction:
        """Return everything that the model outputs for images and columns, as `predict` takes them."""
        logits, features = self._outputs(images, columns)
        predicted = self.decision.predict(logits)
        return Prediction(
            predicted.probabilities, predicted.labels, predicted.sets, self._p_values(features)
        )

    def _outputs(
        self, images: np.ndarray, columns: np.ndarray | None
    ) -> tuple[np.ndarray, Tensor | None]:
        """Return (N, K) float32 logits and (N, F) features, if the network has some."""
        require_images(images, self.pixels.bands, self.image_px, self.depth)
        require_columns(columns, self.columns, len(images))
        if not len(images):
            return np.empty((0, len(self.classes)), np.float32), None
        require_finite_pixels(images)
        of_images, features = self.predictor.logits_and_features(images, columns)
        logits = of_images.cpu().numpy()
        require_finite_logits(logits)
        return logits, features

    def _p_values(self, features: Tensor | None) -> np.ndarray | None:
        novelty = None if self.reference is None else self.reference.novelty
        if novelty is None:
            return None
        return np.empty(0) if features is None else novelty.p_values(features.cpu().numpy())

    def label(self, images: np.ndarray, columns: np.ndarray | None = None) -> np.ndarray:
        """Return (N,) str class names, or (N, K) bool answers for vote fractions."""
        labels = self.decision.labels(self.predict(images, columns))
        return labels if labels.dtype == bool else np.array(self.classes)[labels]
