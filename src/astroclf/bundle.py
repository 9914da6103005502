"""The trained model as one folder: weights, classes, preprocessing, decision.

`bundle.json` says everything but the weights, which lie in `weights.safetensors`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from astroclf.data.dataset import ImageDataset, Pixels
from astroclf.data.preprocess import Preprocess
from astroclf.errors import UserError
from astroclf.evaluation.decision import to_probabilities
from astroclf.models import build_model
from astroclf.settings.read import CHOICES

FORMAT = 1
BATCH = 256


@dataclass(frozen=True)
class Bundle:
    """A trained classifier, ready for images prepared as its training images were."""

    network: nn.Module
    preprocess: Preprocess
    classes: tuple[str, ...]
    has_votes: bool
    activation: str
    pixels: Pixels
    image_px: int
    facts: Mapping[str, Any]

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
        self.network.eval()
        logits = [np.empty((0, len(self.classes)), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(images), BATCH):
                stored = torch.from_numpy(np.array(images[start : start + BATCH]))
                values = self.preprocess.normalise(self.preprocess.scale(stored))
                logits.append(self.network(values).float().numpy())
        return to_probabilities(np.concatenate(logits), self.activation)


def write_bundle(
    folder: Path,
    weights: Mapping[str, Tensor],
    *,
    model: Mapping[str, Any],
    dataset: ImageDataset,
    preprocess: Preprocess,
    activation: str,
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
    description = {
        "format": FORMAT,
        "classes": dataset.classes,
        "has_votes": dataset.has_votes,
        "activation": activation,
        "image_px": dataset.image_px,
        "pixels": asdict(dataset.pixels),
        "preprocess": preprocess.to_dict(),
        # The weights come from this folder, wherever the training took its first ones from.
        "model": {**model, "weights": None, "pretrained": False},
        "facts": facts,
    }
    (folder / "bundle.json").write_text(json.dumps(description, indent=2))


def read_bundle(folder: Path) -> Bundle:
    """The classifier in a folder. Raises UserError if the folder does not hold a whole one."""
    from safetensors.torch import load_file

    try:
        stored = json.loads((folder / "bundle.json").read_text())
        weights = load_file(folder / "weights.safetensors")
    except Exception as error:
        raise UserError(f"{folder} does not hold a whole model: {error}") from error
    model = CHOICES["model"][stored["model"]["family"]].model_validate(stored["model"])
    pixels = Pixels(**{**stored["pixels"], "bands": tuple(stored["pixels"]["bands"])})
    network = build_model(
        model,  # type: ignore[arg-type]
        channels=len(pixels.bands),
        outputs=len(stored["classes"]),
        image_px=stored["image_px"],
    ).network
    network.load_state_dict(weights)
    return Bundle(
        network=network,
        preprocess=Preprocess.from_dict(stored["preprocess"]),
        classes=tuple(stored["classes"]),
        has_votes=stored["has_votes"],
        activation=stored["activation"],
        pixels=pixels,
        image_px=stored["image_px"],
        facts=stored["facts"],
    )
