"""Images that a model is examined on, and what it outputs for them in one forward pass each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from astroclf.bundle import Bundle
from astroclf.bundle.checks import require_finite_pixels, require_images
from astroclf.data.dataset import ImageDataset
from astroclf.data.image_statistics import sample_positions
from astroclf.errors import UserError, listed
from astroclf.settings import sections
from astroclf.settings.metrics import VOTES
from astroclf.status import status
from astroclf.tasks.inspection.selection import chosen_split, describe_sample, find_ids

CHUNK = 256  # images in memory


@dataclass(frozen=True, eq=False)
class Examined:
    """Images of a data set with the output of a model.

    dataset: with the classes in the order of the model. positions: (n,) of the sample of the split.
    asked: positions of inspect.ids. features: (N', F) of the images at `featured`, the sample and the
    images asked for; None for a network without features. probabilities: (N', K) and labels: (N',) or
    (N', K), of the same images. images: which images, in words.
    """

    bundle: Bundle
    dataset: ImageDataset
    positions: np.ndarray
    asked: np.ndarray
    featured: np.ndarray
    features: np.ndarray | None
    probabilities: np.ndarray
    labels: np.ndarray
    images: str

    @property
    def in_sample(self) -> np.ndarray:
        """(n,) int64: rows of the sample among those of `featured`."""
        return np.searchsorted(self.featured, self.positions)

    @property
    def predicted(self) -> np.ndarray:
        """(N',) int64: the predicted class, or the answer with the highest fraction."""
        return self.probabilities.argmax(axis=1) if self.labels.ndim == 2 else self.labels

    @property
    def is_right(self) -> np.ndarray | None:
        """(N',) bool: whether the label is the class; None for vote fractions."""
        if self.dataset.target_kind == VOTES:
            return None
        right: np.ndarray = self.predicted == self.dataset.leading[self.featured]
        return right


def examine(bundle: Bundle, dataset: ImageDataset, options: sections.InspectSection) -> Examined:
    """Run the model once over the sample of the split and the images asked for.

    Raise UserError for other classes, or images that the model cannot take.
    """
    dataset = in_order_of(bundle, dataset)
    split = chosen_split(dataset, options.split)
    every = dataset.indices(split)
    positions = sample_positions(every, options.max_images, options.seed)
    asked = find_ids(dataset, options.ids)
    featured = np.union1d(positions, asked)
    require_images(dataset.images[featured[:1]], bundle.pixels.bands, bundle.image_px, bundle.depth)
    logits, features = [], []
    with status("running the model", len(featured), unit="image") as shown:
        for images in chunks(dataset, featured):
            of_chunk, values = bundle.predictor.logits_and_features(images)
            logits.append(of_chunk.cpu().numpy())
            if values is not None:
                features.append(values.cpu().numpy())
            shown.update(len(images))
    probabilities = bundle.decision.probabilities(np.concatenate(logits))
    return Examined(
        bundle=bundle,
        dataset=dataset,
        positions=positions,
        asked=asked,
        featured=featured,
        features=np.concatenate(features) if features else None,
        probabilities=probabilities,
        labels=bundle.decision.labels(probabilities),
        images=describe_sample(split, len(positions), len(every), options.seed),
    )


def chunks(dataset: ImageDataset, positions: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the images at these positions, a few at a time. Raise UserError for pixels that are not finite."""
    for start in range(0, len(positions), CHUNK):
        images = np.asarray(dataset.images[positions[start : start + CHUNK]])
        require_finite_pixels(images)
        yield images


def in_order_of(bundle: Bundle, dataset: ImageDataset) -> ImageDataset:
    """Return the data set with its classes in the order of the model. Raise UserError for other classes."""
    if dataset.classes == bundle.classes:
        return dataset
    if set(dataset.classes) != set(bundle.classes):
        raise UserError(
            f"The data set has the classes {listed(dataset.classes)}; the model of model_from has "
            f"{listed(bundle.classes)}. Give a data set of the same classes."
        )
    order = [dataset.classes.index(name) for name in bundle.classes]
    if dataset.target_kind == VOTES:
        return replace(dataset, classes=bundle.classes, targets=dataset.targets[:, order])
    return replace(dataset, classes=bundle.classes, targets=np.argsort(order)[dataset.targets])
