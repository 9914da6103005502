"""A trained classifier, applied to new images."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from astroclf.bundle.description import Depth, Description
from astroclf.data.augment import show_view
from astroclf.data.decode import BadImage, decode, fit
from astroclf.data.pixels import Pixels
from astroclf.data.preprocess import Preprocess
from astroclf.errors import UserError
from astroclf.evaluation.decisions.decision import Decision

BATCH = 256
# Kinds of arrays (numpy's dtype.kind and size) that hold the same values as the training images.
FLOATS = ("f2", "f4", "f8")
ACCEPTED: Mapping[str, tuple[str, ...]] = {
    "8-bit": ("u1",),
    "16-bit": ("u2", *FLOATS),
    "flux": FLOATS,
}


@dataclass(frozen=True)
class Bundle:
    """A trained classifier, ready for images prepared as its training images were.

    decision: what makes probabilities and labels of logits. views: over how many exact views of an
    image logits are averaged. cut: how files become images (crop_px, image_px, channels).
    stated_depth: of the training images; None in a bundle of an older format.
    """

    network: nn.Module = field(repr=False)
    preprocess: Preprocess
    classes: tuple[str, ...]
    has_votes: bool
    decision: Decision
    views: int
    pixels: Pixels
    image_px: int
    cut: Mapping[str, Any]
    facts: Mapping[str, Any] = field(repr=False)
    stated_depth: Depth | None = None

    @classmethod
    def from_description(cls, network: nn.Module, description: Description) -> Bundle:
        return cls(
            network=network,
            preprocess=description.preprocess,
            classes=description.classes,
            has_votes=description.has_votes,
            decision=description.decision,
            views=description.views,
            pixels=description.pixels,
            image_px=description.image_px,
            cut=description.cut.model_dump(),
            facts=description.facts,
            stated_depth=description.depth,
        )

    @property
    def depth(self) -> Depth | None:
        """The depth of the training images; None if it is unknown, and then none is refused."""
        if self.stated_depth is not None or self.preprocess.stretch == "linear":
            return self.stated_depth
        return "8-bit" if self.preprocess.unit[0] == 255 else "16-bit"

    def read_files(self, files: Path | str | Sequence[Path | str]) -> np.ndarray:
        """Return (N, C, H, W): images from one file or several, cut and resized as in training.

        Raises UserError for a file that cannot be read, or whose depth is not that of the training
        images.
        """
        paths = [files] if isinstance(files, str | os.PathLike) else list(files)
        if not paths:
            raise UserError("read_files was given no files. Give it one path or several.")
        return np.stack([self._read_file(Path(path).expanduser()) for path in paths])

    def _read_file(self, file: Path) -> np.ndarray:
        try:
            picture = decode(file)
        except BadImage as reason:
            raise UserError(f"{file} cannot be read: {reason}.") from reason
        bits = 8 if picture.dtype == np.uint8 else 16
        if self.depth == "flux":
            raise UserError(
                f"{file} is an image of {bits} bits a value; this model was trained on linear flux, which no image "
                "file holds. Give `predict` an array of flux in the units of the training images."
            )
        if self.depth is not None and self.depth != f"{bits}-bit":
            raise UserError(
                f"{file} has {bits} bits a value; this model was trained on {self.depth} images. Convert the "
                f"file to {self.depth.removesuffix('-bit')} bits a value."
            )
        height_px, width_px = picture.shape[1:]
        crop_px = self.cut["crop_px"]
        if crop_px is not None and min(height_px, width_px) < crop_px:
            raise UserError(
                f"{file} is {width_px} x {height_px} px; this model cuts {crop_px} x {crop_px} px out of each "
                "image. Give larger images of the same pixel scale."
            )
        return fit(picture, **self.cut)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Return (N, K) float64 probabilities of the classes, or vote fractions.

        images: (N, C, H, W) as a data set holds them, of the width and depth of the training images.
        Raises UserError for anything else, and for pixels that are not finite.
        """
        self._require_images(images)
        logits = [np.empty((0, len(self.classes)), np.float32)]
        for start in range(0, len(images), BATCH):
            logits.append(self._logits(np.array(images[start : start + BATCH]), start))
        return self.decision.probabilities(np.concatenate(logits))

    def label(self, images: np.ndarray) -> np.ndarray:
        """Return (N,) str class names, or for vote fractions (N, K) bool: which answers are given."""
        labels = self.decision.labels(self.predict(images))
        return labels if self.has_votes else np.array(self.classes)[labels]

    def _require_images(self, images: np.ndarray) -> None:
        if not isinstance(images, np.ndarray):
            raise UserError(
                f"predict was given {type(images).__name__}, not an array of images. Read files first: "
                "model.predict(model.read_files(files))."
            )
        if images.shape[1:] != (len(self.pixels.bands), self.image_px, self.image_px):
            raise UserError(
                f"images of shape {images.shape} do not fit: this model wants (N, "
                f"{len(self.pixels.bands)}, {self.image_px}, {self.image_px}) with the bands "
                f"{', '.join(self.pixels.bands)}."
            )
        kind = f"{images.dtype.kind}{images.dtype.itemsize}"
        accepted = ACCEPTED.get(self.depth or "", ("u1", "u2", *FLOATS))
        if kind not in accepted:
            wanted = " or ".join(str(np.dtype(each)) for each in accepted)
            raise UserError(
                f"images of {images.dtype} do not fit: this model was trained on "
                f"{self.depth or 'other'} images and takes {wanted}. Convert them to the values of that depth."
            )

    @torch.inference_mode()
    def _logits(self, images: np.ndarray, start: int) -> np.ndarray:
        """start: the position of the first image, for messages."""
        if images.dtype != np.uint8:
            images = images.astype(np.float32)
        self.network.eval()
        _require_finite(
            images, start, "NaN or infinite pixels. Replace them, or leave the image out"
        )
        values = self.preprocess.scale(torch.from_numpy(images))
        outputs = [
            self.network(self.preprocess.normalize(show_view(values, view))).float()
            for view in range(self.views)
        ]
        logits = torch.stack(outputs).mean(dim=0).numpy()
        _require_finite(logits, start, "pixels for which the network outputs no finite number")
        return logits


def _require_finite(values: np.ndarray, start: int, what: str) -> None:
    """Raise a UserError that names the first image whose values are not finite."""
    bad = np.flatnonzero(~np.isfinite(values).all(axis=tuple(range(1, values.ndim))))
    if len(bad):
        raise UserError(f"image {start + bad[0]} of those given (counted from 0) has {what}.")
