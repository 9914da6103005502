"""Bundle: a trained classifier applied to new images."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from astroclf.bundle.checks import require_finite_logits, require_finite_pixels, require_images
from astroclf.bundle.prediction import Prediction
from astroclf.data.formats import BadImage, Depth
from astroclf.data.framing import Framing
from astroclf.data.pixels import Pixels
from astroclf.errors import UserError
from astroclf.evaluation.decisions.decision import Decision
from astroclf.inference.predictor import Predictor


@dataclass(frozen=True)
class Bundle:
    """A trained classifier for images prepared as its training images were.

    predictor: from images to logits. decision: from logits to probabilities and labels. pixels,
    image_px, depth: of the training images; depth None accepts any. framing: from image files to
    images; None for training images that came from no file. provenance: code, software, date.
    facts: settings of the data set and metrics of the run.
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

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Return (N, K) float64 probabilities of the classes, or vote fractions.

        images: (N, C, H, W) as a data set holds them, of the width and depth of the training images.
        Raises UserError for anything else, and for pixels or logits that are not finite.
        """
        return self.prediction(images).probabilities

    def prediction(self, images: np.ndarray) -> Prediction:
        """Return everything that the model outputs for images, as `predict` takes them."""
        require_images(images, self.pixels.bands, self.image_px, self.depth)
        logits = np.empty((0, len(self.classes)), np.float32)
        if len(images):
            require_finite_pixels(images)
            logits = self.predictor.logits(images).cpu().numpy()
            require_finite_logits(logits)
        probabilities = self.decision.probabilities(logits)
        return Prediction(probabilities, self.decision.labels(probabilities))

    def label(self, images: np.ndarray) -> np.ndarray:
        """Return (N,) str class names, or (N, K) bool answers for vote fractions."""
        labels = self.decision.labels(self.predict(images))
        return labels if labels.dtype == bool else np.array(self.classes)[labels]
