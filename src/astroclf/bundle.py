"""The trained model as one folder: weights, classes, preprocessing, decision.

`bundle.json` says everything but the weights, which lie in `weights.safetensors`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from astroclf.data.augment import show_view
from astroclf.data.dataset import ImageDataset, Pixels
from astroclf.data.decode import decode, fit
from astroclf.data.formats.kinds import BadImage
from astroclf.data.preprocess import Preprocess
from astroclf.errors import UserError
from astroclf.evaluation.decision import Decision
from astroclf.models import build_model
from astroclf.settings.read import CHOICES

FORMAT = 3
READABLE = (2, FORMAT)  # the older one knows no model.features
BATCH = 256


@dataclass(frozen=True)
class Bundle:
    """A trained classifier, ready for images prepared as its training images were.

    decision: what makes probabilities and labels of logits. views: over how many exact views of an
    image logits are averaged. cut: how files become images (crop_px, image_px, channels).
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

    def read_files(self, files: Sequence[Path | str]) -> np.ndarray:
        """(N, C, H, W): images from files, cut and resized as the training images were.

        Raises UserError for a file that cannot be read.
        """
        return np.stack([self._read_file(Path(file)) for file in files])

    def _read_file(self, file: Path) -> np.ndarray:
        try:
            return fit(decode(file), **self.cut)
        except BadImage as reason:
            raise UserError(f"{file} cannot be read: {reason}.") from reason

    def predict(self, images: np.ndarray) -> np.ndarray:
        """(N, K) float64 probabilities of the classes, or vote fractions.

        images: (N, C, H, W) as a data set holds them, of the width the network was trained on.
        Raises UserError for images of another shape.
        """
        if images.shape[1:] != (len(self.pixels.bands), self.image_px, self.image_px):
            raise UserError(
                f"images of shape {images.shape} do not fit: this model wants (N, "
                f"{len(self.pixels.bands)}, {self.image_px}, {self.image_px}) with the bands "
                f"{', '.join(self.pixels.bands)}."
            )
        logits = [np.empty((0, len(self.classes)), np.float32)]
        for start in range(0, len(images), BATCH):
            logits.append(self._logits(np.array(images[start : start + BATCH])))
        return self.decision.probabilities(np.concatenate(logits))

    def label(self, images: np.ndarray) -> np.ndarray:
        """(N,) str class names, or for vote fractions (N, K) bool: which answers are given."""
        labels = self.decision.labels(self.predict(images))
        return labels if self.has_votes else np.array(self.classes)[labels]

    @torch.inference_mode()
    def _logits(self, images: np.ndarray) -> np.ndarray:
        self.network.eval()
        values = self.preprocess.scale(torch.from_numpy(images))
        said = [
            self.network(self.preprocess.normalise(show_view(values, view))).float()
            for view in range(self.views)
        ]
        return torch.stack(said).mean(dim=0).numpy()


def write_bundle(
    folder: Path,
    weights: Mapping[str, Tensor],
    *,
    model: Mapping[str, Any],
    dataset: ImageDataset,
    preprocess: Preprocess,
    decision: Decision,
    views: int,
    cut: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> None:
    """Write everything that `read_bundle` needs.

    model: the settings of the network. facts: what else a reader should know (how images were cut
    and resized, provenance, scores).
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: w.cpu().contiguous() for name, w in weights.items()}, folder / "weights.safetensors"
    )
    # safetensors keeps its files to their owner; a model is there to be shared.
    (folder / "weights.safetensors").chmod(0o644)
    description = {
        "format": FORMAT,
        "classes": dataset.classes,
        "has_votes": dataset.has_votes,
        "decision": decision.to_dict(),
        "views": views,
        "cut": cut,
        "image_px": dataset.image_px,
        "pixels": asdict(dataset.pixels),
        "preprocess": preprocess.to_dict(),
        # The weights come from this folder, wherever the training took its first ones from.
        "model": {**model, "weights": None, "pretrained": False},
        "facts": facts,
    }
    (folder / "bundle.json").write_text(json.dumps(description, indent=2))


def read_bundle(folder: Path | str) -> Bundle:
    """The classifier in a folder. Raises UserError if the folder does not hold a whole one."""
    from safetensors.torch import load_file

    folder = Path(folder)
    if not (folder / "bundle.json").is_file():
        raise UserError(f"{folder} holds no model: give the folder `bundle` of a run.")
    try:
        stored = json.loads((folder / "bundle.json").read_text())
        weights = load_file(folder / "weights.safetensors")
    except Exception as error:
        raise UserError(f"{folder} does not hold a whole model: {error}") from error
    if stored.get("format") not in READABLE:
        raise UserError(
            f"{folder} was written by another version of astroclf: train the model anew."
        )
    if stored["model"]["family"] == "timm":
        stored["model"].setdefault("features", "last")
    model = CHOICES["model"][stored["model"]["family"]].model_validate(stored["model"])
    pixels = Pixels(**{**stored["pixels"], "bands": tuple(stored["pixels"]["bands"])})
    network = build_model(
        model,  # type: ignore[arg-type]
        channels=len(pixels.bands),
        outputs=len(stored["classes"]),
        image_px=stored["image_px"],
    ).classifier
    network.load_state_dict(weights)
    return Bundle(
        network=network,
        preprocess=Preprocess.from_dict(stored["preprocess"]),
        classes=tuple(stored["classes"]),
        has_votes=stored["has_votes"],
        decision=Decision.from_dict(stored["decision"]),
        views=stored["views"],
        cut=stored["cut"],
        pixels=pixels,
        image_px=stored["image_px"],
        facts=stored["facts"],
    )
