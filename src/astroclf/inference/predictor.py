"""Inference: logits and features of images, in batches, with test-time augmentation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from astroclf.data.augment import show_view
from astroclf.data.batches import Batch
from astroclf.data.loader import Loader
from astroclf.data.preprocess import Preprocess
from astroclf.device import full_precision
from astroclf.inference.features import FeatureLoader
from astroclf.models.classifier import Classifier
from astroclf.training.losses import Loss

CPU = torch.device("cpu")


class Outputs(NamedTuple):
    """Logits and per-image losses of a split, in the order of the data set.

    logits: (N, K) float32. losses: (N,) float64, NaN where a logit is not finite. features: (n, F)
    float32 of the images whose features were requested; None if none were, or for a network without
    them.
    """

    logits: np.ndarray
    losses: np.ndarray
    features: np.ndarray | None = None


@dataclass(frozen=True)
class Predictor:
    """A network with its preprocessing: images or cached features in, logits out.

    Runs in evaluation mode and full precision, so that results do not depend on the precision that
    was fastest in training.

    network: on `device`; cached features go through its `head` alone. preprocess: applied to arrays
    of images; a loader applies its own. tta_views: number of exact views (1 or 8) of an image whose
    logits are averaged (test-time augmentation). batch_size: of arrays; a loader has its own.

    Features are those that the head of a `Classifier` takes, of the image itself (view 0). They come
    from the forward pass of the logits.
    """

    network: nn.Module
    preprocess: Preprocess
    tta_views: int = 1
    device: torch.device = CPU
    batch_size: int = 256

    def logits(self, images: np.ndarray | Tensor, columns: np.ndarray | None = None) -> Tensor:
        """Return (N, K) float32 logits on the device.

        images: (N, C, H, W) as a data set stores them, at least one. columns: (N, F) float32 catalog columns,
        NaN where missing, for a network that takes them.
        """
        return self.logits_and_features(images, columns)[0]

    @torch.inference_mode()
    def logits_and_features(
        self, images: np.ndarray | Tensor, columns: np.ndarray | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return (N, K) float32 logits and (N, F) float32 features on the device, from one forward pass.

        The features are None for a network without them. images, columns: see `logits`.
        """
        starts = range(0, len(images), self.batch_size)
        parts = [slice(start, start + self.batch_size) for start in starts]
        batches = [
            self._forward(images[part], () if columns is None else (columns[part],))
            for part in parts
        ]
        features = [each for _, each in batches if each is not None]
        return torch.cat([logits for logits, _ in batches]), torch.cat(
            features
        ) if features else None

    @torch.inference_mode()
    def outputs(self, loader: Loader, loss: Loss, features_of: np.ndarray | None = None) -> Outputs:
        """Return the logits and per-image losses of a loader of images or of cached features.

        features_of: (n,) int64, ascending, the images whose features are returned, counted from 0 in the
        order of the loader.
        """
        network = (
            CachedFeatures(self.network) if isinstance(loader, FeatureLoader) else self.network
        )
        first = _run(network, loader.eval_batches(0), loader.n_images, features_of)
        views = range(1, self.tta_views)
        others = [
            _run(network, loader.eval_batches(view), loader.n_images).logits for view in views
        ]
        logits = torch.stack([first.logits, *others]).mean(dim=0)
        losses = image_losses(logits, first.targets, loss)
        features = None if first.features is None else first.features.cpu().numpy()
        # Only here does the host wait for the device.
        return Outputs(logits.cpu().numpy(), losses.cpu().numpy(), features)

    def _forward(
        self, images: np.ndarray | Tensor, columns: Sequence[np.ndarray] = ()
    ) -> tuple[Tensor, Tensor | None]:
        if isinstance(images, np.ndarray):  # a copy, since memory maps are read-only
            dtype = np.uint8 if images.dtype == np.uint8 else np.float32
            images = torch.from_numpy(np.array(images, dtype))
        values = self.preprocess.scale(images.to(self.device))
        beside = [torch.from_numpy(np.array(each, np.float32)).to(self.device) for each in columns]
        self.network.eval()
        with full_precision():
            views = [
                forward(self.network, self.preprocess.normalize(show_view(values, view)), *beside)
                for view in range(self.tta_views)
            ]
        return torch.stack([logits for logits, _ in views]).mean(dim=0), views[0][1]


class CachedFeatures(nn.Module):
    """A classifier whose inputs are the features of its backbone."""

    def __init__(self, classifier: nn.Module) -> None:
        super().__init__()
        self.head = classifier.get_submodule("head")


def forward(network: nn.Module, batch: Tensor, *columns: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return the logits and the features of a batch, float32; None for a network without features.

    The features are those of the image, without the columns.
    """
    if isinstance(network, Classifier):
        batch = network.features(batch)
    elif not isinstance(network, CachedFeatures):
        return network(batch, *columns).float(), None
    return network.head(batch, *columns).float(), batch.float()


def image_losses(logits: Tensor, targets: Tensor, loss: Loss) -> Tensor:
    """Return (N,) float64 losses, NaN where a logit is not finite.

    An infinite logit of the true class would otherwise have a loss of zero.
    """
    return loss(logits, targets).masked_fill(~logits.isfinite().all(dim=1), torch.nan).double()


class _Pass(NamedTuple):
    """Logits, targets and requested features of all batches, on the device."""

    logits: Tensor
    targets: Tensor
    features: Tensor | None


def _run(
    network: nn.Module,
    batches: Iterable[Batch],
    n_images: int,
    features_of: np.ndarray | None = None,
) -> _Pass:
    """Return the outputs of all batches; features_of: see `Predictor.outputs`.

    Results are copied into tensors that are allocated once: blocks kept among those of the batches would
    keep these from being reused, so that memory would grow with the images that are streamed.
    """
    network.eval()
    logits: Tensor | None = None
    targets: Tensor | None = None
    features: Tensor | None = None
    start = 0
    with full_precision():
        for batch in batches:
            of_batch, values = forward(network, *batch.inputs)
            rows = slice(start, start + len(of_batch))
            logits = _filled(logits, n_images, rows, of_batch)
            targets = _filled(targets, n_images, rows, batch.target)
            if features_of is not None and values is not None:
                first, last = np.searchsorted(features_of, (rows.start, rows.stop))
                kept = torch.from_numpy(features_of[first:last] - start).to(values.device)
                features = _filled(features, len(features_of), slice(first, last), values[kept])
            start = rows.stop
    assert logits is not None  # no loader is empty
    assert targets is not None
    return _Pass(logits, targets, features)


def _filled(whole: Tensor | None, length: int, rows: slice, part: Tensor) -> Tensor:
    """Return the tensor of all rows, allocated with the first part, with these rows."""
    if whole is None:
        whole = part.new_empty((length, *part.shape[1:]))
    whole[rows] = part
    return whole
