"""What a frozen backbone makes of every image and every exact view of it: computed once."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from astroclf.data.augment import draw_views
from astroclf.data.loader import Batch, Batches
from astroclf.data.preprocess import Preprocess
from astroclf.device import full_precision
from astroclf.inference.feature_cache import FeatureStore
from astroclf.settings import sections
from astroclf.status import status

VERSION = 3  # raised whenever the same images and weights give other features than before


class FeatureBatches:
    """The features of the images of one split, in the batches and the order of `Batches`.

    Training on these is training on the images, since the backbone does not change and every view
    that augmentation can draw is here.
    """

    def __init__(
        self, batches: Batches, features: np.ndarray | Tensor, device: torch.device
    ) -> None:
        """features: (V, N, F) float32, views of all N images of the data set, right where the split
        needs them: a tensor that lies on the device, or an array that is read from where it lies."""
        self.batches = batches
        self.device = device
        self.features = features
        self.steps = batches.steps

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
        index = torch.from_numpy(chunk)
        if isinstance(self.features, Tensor):
            features = self.features[views.to(self.device), index.to(self.device)]
        else:
            features = torch.from_numpy(self.features[views.numpy(), chunk]).to(self.device)
        return Batch(features, self.batches.targets[index.to(self.device)], index)


def compute_features(
    backbone: nn.Module,
    batches: Batches,
    wanted: np.ndarray,
    store: FeatureStore,
    make_ready: Callable[[], None] = lambda: None,
) -> None:
    """Have the store hold the wanted views of images, computed in full precision where it lacks them.

    batches: any of the data set. wanted: (V, N) bool. make_ready: called once before the first
    image, by the process that computes anything.
    """
    missing = store.missing(wanted)
    if not missing.any():
        return
    ready = functools.cache(make_ready)
    steps = sum(batches.at(np.flatnonzero(row)).steps for row in missing if row.any())
    with status("computing features", steps, unit="batch") as shown:

        def compute(view: int, positions: np.ndarray) -> Iterator[np.ndarray]:
            ready()
            for batch in batches.at(positions).in_order(view):
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
