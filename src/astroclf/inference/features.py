"""Features of a frozen backbone, computed once per (view, image).

Training a head on cached features is a linear probe, or a multilayer one, without forward passes
of the backbone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from astroclf.data.batch_sampler import Chunk
from astroclf.data.batches import Batch
from astroclf.data.loader import ImageLoader
from astroclf.data.preprocess import Preprocess
from astroclf.device import full_precision
from astroclf.inference.feature_cache import FeatureStore
from astroclf.models.classifier import Classifier
from astroclf.status import status

VERSION = 3  # raised when the same images and weights give other features than before


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
        self.values = images.values
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
        """Yield the images of an epoch, shuffled and in random views, from a batch of the epoch on."""
        chunks = self.sampler.shuffled(epoch, first_batch)
        views = self.sampler.views(self.augmentation, epoch, first_batch)
        for chunk, of_chunk in zip(chunks, views, strict=True):
            yield self.values.train_batch(self._rows(chunk, of_chunk), chunk.index)

    def eval_batches(self, view: int = 0) -> Iterator[Batch]:
        """Yield every image once, in the order of the data set, in one of the cached views."""
        for chunk in self.sampler.in_order():
            rows = self._rows(chunk, torch.full_like(chunk.index, view))
            yield self.values.eval_batch(rows, chunk.index)

    def _rows(self, chunk: Chunk, views: Tensor) -> Tensor:
        if isinstance(self.features, Tensor):
            return self.features[views, chunk.index]
        array = self.features[views.cpu().numpy(), chunk.positions]
        return torch.from_numpy(array).to(chunk.index.device)


def compute_features(
    classifier: Classifier,
    images: ImageLoader,
    wanted: np.ndarray,
    store: FeatureStore,
    prepare: Callable[[], None] = lambda: None,
) -> None:
    """Fill the store with the wanted features that it lacks, computed in full precision.

    images: a loader of any images of the data set. wanted: (V, N) bool. prepare: called once before
    the first batch, if anything is computed.
    """
    missing = store.missing(wanted)
    if not missing.any():
        return
    n_batches = sum(images.at(np.flatnonzero(row)).n_batches for row in missing if row.any())
    with status("computing features", n_batches, unit="batch") as shown:

        def compute(view: int, positions: np.ndarray) -> Iterator[np.ndarray]:
            classifier.backbone.eval()
            for batch in images.at(positions).eval_batches(view):
                with torch.inference_mode(), full_precision():
                    features = classifier.features(batch.image).float().cpu().numpy()
                yield features
                shown.update()

        store.fill(wanted, compute, prepare)


def features_key(backbone_hash: str, preprocess: Preprocess, pictures: str) -> str:
    """Return a hash of everything that the features of an image depend on.

    backbone_hash: from `hash_backbone`. pictures: `ImageDataset.pictures_fingerprint`.
    """
    digest = hashlib.blake2b(digest_size=10)
    digest.update(repr((VERSION, pictures, preprocess, backbone_hash)).encode())
    return digest.hexdigest()


def hash_backbone(classifier: Classifier) -> str:
    """Return a hash of the weights of the backbone, with the description of its modules.

    The same weights give other features with other padding, pooling or activations, and if the
    features are extracted otherwise.
    """
    extract = "" if classifier.extract is None else f" {classifier.extract.__name__}"
    return f"{hash_weights(classifier.backbone.state_dict())} {classifier.backbone}{extract}"


def hash_weights(weights: dict[str, Tensor]) -> str:
    """Return a hash of names, shapes and values."""
    digest = hashlib.blake2b(digest_size=10)
    for name, weight in weights.items():
        digest.update(f"{name} {tuple(weight.shape)} {weight.dtype}".encode())
        digest.update(np.ascontiguousarray(weight.detach().cpu().numpy()).data)
    return digest.hexdigest()
