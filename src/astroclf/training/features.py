"""What a frozen backbone makes of every image and every exact view of it: computed once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from astroclf.data.augment import draw_views, show_view
from astroclf.data.batches import Batch, Batches
from astroclf.data.store import Notes, cached_images, new_images
from astroclf.settings import sections

VERSION = 1  # raised whenever the same images and weights give other features than before


class FeatureBatches:
    """The features of the images of one split, in the batches and the order of `Batches`.

    Training on these is training on the images, since the backbone does not change and every view
    that augmentation can draw is here.
    """

    def __init__(
        self, batches: Batches, features: np.ndarray, device: torch.device, *, resident: bool
    ) -> None:
        """features: (V, n, F) float32, views of the n images of the split; kept on the device if
        `resident`, else read from where they lie."""
        self.batches = batches
        self.device = device
        self.features = torch.from_numpy(np.array(features)).to(device) if resident else None
        self.stored = features
        self.steps = batches.steps
        self.row = np.empty(batches.positions.max() + 1, dtype=np.int64)
        self.row[batches.positions] = np.arange(len(batches.positions))

    def __len__(self) -> int:
        return len(self.batches)

    def in_order(self) -> Iterator[Batch]:
        """Every image once, in the order of the data set, as it is."""
        for chunk in self.batches.chunks_in_order():
            yield self._batch(chunk, torch.zeros(len(chunk), dtype=torch.int64))

    def shuffled(
        self, settings: sections.Augment | sections.Sky, seed: int, epoch: int, first_step: int = 0
    ) -> Iterator[Batch]:
        """Every image once, shuffled and in a random view, from a step of the epoch on."""
        for chunk, draw in self.batches.chunks_shuffled(seed, epoch, first_step):
            yield self._batch(chunk, draw_views(settings.name, len(chunk), draw))

    def _batch(self, chunk: np.ndarray, views: Tensor) -> Batch:
        rows = self.row[chunk]
        if self.features is not None:
            features = self.features[views.to(self.device), torch.from_numpy(rows).to(self.device)]
        else:
            features = torch.from_numpy(self.stored[views.numpy(), rows]).to(self.device)
        index = torch.from_numpy(chunk)
        return Batch(features, self.batches.targets[index.to(self.device)], index)


def compute_features(
    backbone: nn.Module, batches: Batches, views: int, images_key: str, cache: Path, title: str
) -> np.ndarray:
    """(V, n, F) float32, a read-only memory map: each of the first V exact views of each image.

    Computed in one pass in full precision, and kept in the cache under everything it depends on: the
    images (`images_key`), the positions, the preprocessing and the weights.
    """
    key = _key(backbone, batches, views, images_key)

    def build(draft: Path) -> Notes:
        features: np.ndarray | None = None
        bar = tqdm(total=views * batches.steps, desc=title, disable=None, leave=False, unit="batch")
        for view in range(views):
            start = 0
            for batch in batches.in_order(partial(show_view, view=view)):
                said = _run(backbone, batch.image)
                if features is None:
                    shape = (views, len(batches), said.shape[1])
                    features = new_images(draft, shape, np.dtype(np.float32))
                features[view, start : start + len(said)] = said
                start += len(said)
                bar.update()
        return {}

    return cached_images(cache, f"features-{key}", build).images


@torch.inference_mode()
def _run(backbone: nn.Module, images: Tensor) -> np.ndarray:
    backbone.eval()
    features: np.ndarray = backbone(images).float().cpu().numpy()
    return features


def _key(backbone: nn.Module, batches: Batches, views: int, images_key: str) -> str:
    digest = hashlib.blake2b(digest_size=10)
    digest.update(repr((VERSION, views, images_key, batches.preprocess)).encode())
    digest.update(np.ascontiguousarray(batches.positions).data)
    digest.update(hash_weights(backbone.state_dict()).encode())
    # The same weights give other features with other padding, pooling or activations.
    digest.update(str(backbone).encode())
    return digest.hexdigest()


def hash_weights(weights: dict[str, Tensor]) -> str:
    """A hash of names, shapes and values."""
    digest = hashlib.blake2b(digest_size=10)
    for name, weight in weights.items():
        digest.update(f"{name} {tuple(weight.shape)} {weight.dtype}".encode())
        digest.update(np.ascontiguousarray(weight.detach().cpu().numpy()).data)
    return digest.hexdigest()
