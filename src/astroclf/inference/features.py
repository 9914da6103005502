"""What a frozen backbone makes of every image and every exact view of it: computed once."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from astroclf.data.loader import Batch, Chunk, ImageLoader
from astroclf.data.preprocess import Preprocess
from astroclf.device import full_precision
from astroclf.inference.feature_cache import FeatureStore
from astroclf.status import status

VERSION = 3  # raised whenever the same images and weights give other features than before


class FeatureLoader:
    """Cached features of the images of one split, in the batches and the order of `ImageLoader`.

    Training on these is training on the images, since the backbone is frozen and the features of
    every view that augmentation draws are cached.
    """

    def __init__(self, features: np.ndarray | Tensor, images: ImageLoader) -> None:
        """features: (V, N, F) float32, views of all N images of the data set, valid where the split
        needs them: a tensor on the device, or an array on the host."""
        self.features = features
        self.sampler = images.sampler
        self.targets = images.targets
        self.augmentation = "none" if images.augmentation is None else images.augmentation.name

    @property
    def n_images(self) -> int:
        """Number of images."""
        return len(self.sampler.positions)

    @property
    def n_batches(self) -> int:
        """Number of batches of an epoch."""
        return self.sampler.n_batches

    def train_batches(self, epoch: int, first_batch: int = 0) -> Iterator[Batch]:
        """Yield every image once, shuffled and in a random view, from a batch of the epoch on."""
        chunks = self.sampler.shuffled(epoch, first_batch)
        views = self.sampler.views(self.augmentation, epoch, first_batch)
        yield from map(self._batch, chunks, views)

    def eval_batches(self, view: int = 0) -> Iterator[Batch]:
        """Yield every image once, in the order of the data set, in one of the cached views."""
        for chunk in self.sampler.in_order():
            yield self._batch(chunk, torch.full_like(chunk.index, view))

    def _batch(self, chunk: Chunk, views: Tensor) -> Batch:
        if isinstance(self.features, Tensor):
            features = self.features[views, chunk.index]
        else:
            array = self.features[views.cpu().numpy(), chunk.positions]
            features = torch.from_numpy(array).to(chunk.index.device)
        return Batch(features, self.targets[chunk.index], chunk.index)


def compute_features(
    backbone: nn.Module,
    images: ImageLoader,
    wanted: np.ndarray,
    store: FeatureStore,
    make_ready: Callable[[], None] = lambda: None,
) -> None:
    """Have the store hold the wanted views of images, computed in full precision where it lacks them.

    images: a loader of any images of the data set. wanted: (V, N) bool. make_ready: called once before the first
    image, by the process that computes anything.
    """
    missing = store.missing(wanted)
    if not missing.any():
        return
    ready = functools.cache(make_ready)
    steps = sum(images.at(np.flatnonzero(row)).n_batches for row in missing if row.any())
    with status("computing features", steps, unit="batch") as shown:

        def compute(view: int, positions: np.ndarray) -> Iterator[np.ndarray]:
            ready()
            for batch in images.at(positions).eval_batches(view):
                yield _run(backbone, batch.image)
                shown.update()

        store.fill(wanted, compute)


@torch.inference_mode()
def _run(backbone: nn.Module, images: Tensor) -> np.ndarray:
    backbone.eval()
    with full_precision():
        features: np.ndarray = backbone(images).float().cpu().numpy()
    return features


def features_key(backbone_hash: str, preprocess: Preprocess, pictures: str) -> str:
    """Changes with everything that the features of an image depend on: the backbone
    (`hash_backbone`), the preprocessing, and the pictures (`ImageDataset.pictures_fingerprint`)."""
    digest = hashlib.blake2b(digest_size=10)
    digest.update(repr((VERSION, pictures, preprocess, backbone_hash)).encode())
    return digest.hexdigest()


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
