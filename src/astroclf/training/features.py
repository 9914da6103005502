"""What a frozen backbone makes of every image and every exact view of it: computed once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from astroclf.data.augment import draw_views
from astroclf.data.batches import Batch, Batches
from astroclf.data.store import Notes, cached_images, is_cached, new_images
from astroclf.settings import sections

VERSION = 2  # raised whenever the same images and weights give other features than before


class FeatureBatches:
    """The features of the images of one split, in the batches and the order of `Batches`.

    Training on these is training on the images, since the backbone does not change and every view
    that augmentation can draw is here.
    """

    def __init__(
        self, batches: Batches, features: np.ndarray | Tensor, device: torch.device
    ) -> None:
        """features: (V, n, F) float32, views of the n images of the split: a tensor that lies on
        the device, or an array that is read from where it lies."""
        self.batches = batches
        self.device = device
        self.features = features
        self.steps = batches.steps
        self.row = np.empty(batches.positions.max() + 1, dtype=np.int64)
        self.row[batches.positions] = np.arange(len(batches.positions))

    def __len__(self) -> int:
        return len(self.batches)

    def in_order(self, view: int = 0) -> Iterator[Batch]:
        """Every image once, in the order of the data set, in one of the views there are."""
        for chunk in self.batches.chunks_in_order():
            yield self._batch(chunk, torch.full((len(chunk),), view))

    def shuffled(
        self, settings: sections.Augment | sections.Sky, seed: int, epoch: int, first_step: int = 0
    ) -> Iterator[Batch]:
        """Every image once, shuffled and in a random view, from a step of the epoch on."""
        for chunk, draw in self.batches.chunks_shuffled(seed, epoch, first_step):
            yield self._batch(chunk, draw_views(settings.name, len(chunk), draw))

    def _batch(self, chunk: np.ndarray, views: Tensor) -> Batch:
        rows = self.row[chunk]
        if isinstance(self.features, Tensor):
            features = self.features[views.to(self.device), torch.from_numpy(rows).to(self.device)]
        else:
            features = torch.from_numpy(self.features[views.numpy(), rows]).to(self.device)
        index = torch.from_numpy(chunk)
        return Batch(features, self.batches.targets[index.to(self.device)], index)


def compute_features(
    backbone: nn.Module,
    batches: Batches,
    views: int,
    key: str,
    cache: Path,
    title: str,
    make_ready: Callable[[], None] = lambda: None,
) -> np.ndarray:
    """(V, n, F) float32, a read-only memory map: each of the first V exact views of each image.

    Computed in one pass in full precision, and kept in the cache under the key that `features_key`
    gives. make_ready: called before the first image, if anything must be computed.
    """

    def build(draft: Path) -> Notes:
        make_ready()
        features: np.ndarray | None = None
        bar = tqdm(total=views * batches.steps, desc=title, disable=None, leave=False, unit="batch")
        for view in range(views):
            start = 0
            for batch in batches.in_order(view):
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


def features_key(backbone_hash: str, batches: Batches, views: int, images_key: str) -> str:
    """Changes with everything that the features depend on: the backbone (`hash_backbone`), the
    images (`images_key`), their positions, the preprocessing and the number of views."""
    digest = hashlib.blake2b(digest_size=10)
    digest.update(repr((VERSION, views, images_key, batches.preprocess, backbone_hash)).encode())
    digest.update(np.ascontiguousarray(batches.positions).data)
    return digest.hexdigest()


def has_features(cache: Path, key: str) -> bool:
    """Whether features are kept under that key."""
    return is_cached(cache, f"features-{key}")


def hash_backbone(backbone: nn.Module) -> str:
    """A hash of the weights and of what is done with them: the same weights give other features
    with other padding, pooling or activations."""
    return f"{hash_weights(backbone.state_dict())} {backbone}"


def hash_weights(weights: dict[str, Tensor]) -> str:
    """A hash of names, shapes and values."""
    digest = hashlib.blake2b(digest_size=10)
    for name, weight in weights.items():
        digest.update(f"{name} {tuple(weight.shape)} {weight.dtype}".encode())
        digest.update(np.ascontiguousarray(weight.detach().cpu().numpy()).data)
    return digest.hexdigest()
