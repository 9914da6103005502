"""Images that a model is examined on, with its outputs from one forward pass each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from astroclf.bundle import Bundle, Ensemble
from astroclf.bundle.checks import require_finite_logits, require_finite_pixels
from astroclf.data.class_matching import MatchedClasses, match_classes
from astroclf.data.dataset import ImageDataset
from astroclf.data.image_statistics import sample_positions
from astroclf.errors import UserError, listed
from astroclf.settings import sections
from astroclf.settings.metrics import VOTES
from astroclf.status import status
from astroclf.tasks.inspection.selection import chosen_split, describe_sample, find_ids
from astroclf.tasks.model_images import require_same_images
from astroclf.tasks.seen_images import find_seen, title_of

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
    notes: tuple[str, ...] = ()

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
    split = chosen_split(dataset, options.split)
    matched = match(bundle, dataset)
    dataset = matched.dataset
    every = np.flatnonzero((dataset.split == split) & matched.kept)
    if not len(every):
        raise UserError(
            f"inspect.split={split}: no image of it is of a class of the model. Choose another split."
        )
    positions = sample_positions(every, options.max_images, options.seed)
    asked = find_ids(dataset, options.ids)
    asked = asked[matched.kept[asked]]
    featured = np.union1d(positions, asked)
    member = explained_member(bundle)
    logits, features = [], []
    with status("running the model", len(featured), unit="image") as shown:
        for images in chunks(dataset, featured):
            of_chunk, values = bundle.predictor.logits_and_features(images)
            if member is not bundle:
                values = member.predictor.logits_and_features(images)[1]
            logits.append(of_chunk.cpu().numpy())
            if values is not None:
                features.append(values.cpu().numpy())
            shown.update(len(images))
    of_images = np.concatenate(logits)
    require_finite_logits(of_images)
    probabilities = bundle.decision.probabilities(of_images)
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
        notes=notes_of(bundle, matched, positions),
    )


def notes_of(bundle: Bundle, matched: MatchedClasses, positions: np.ndarray) -> tuple[str, ...]:
    """Return sentences on images that the model has seen, classes that it lacks, and ensembles."""
    notes = []
    seen = find_seen(
        matched.dataset, bundle.reference, np.isin(np.arange(len(matched.kept)), positions)
    )
    parts = [f"{np.sum(seen.parts == part):,} {title_of(part)}" for part in seen.names]
    notes.append(f"By their pixels, compared with those of the training: {listed(parts)}.")
    notes += seen.sentences()
    if matched.left_out:
        left_out = listed(f"{name} ({n:,})" for name, n in matched.left_out.items())
        notes.append(f"Left out, since the model does not have these classes: {left_out}.")
    if isinstance(bundle, Ensemble):
        notes.append(
            f"The model is an ensemble of {len(bundle.members)}: labels are those of the ensemble; feature maps, neighbors "
            f"and Grad-CAM are of its first member, {bundle.names[0]}."
        )
    return tuple(notes)


def chunks(dataset: ImageDataset, positions: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the images at these positions, a few at a time. Raise UserError for pixels that are not finite."""
    for start in range(0, len(positions), CHUNK):
        images = np.asarray(dataset.images[positions[start : start + CHUNK]])
        require_finite_pixels(images)
        yield images


def match(bundle: Bundle, dataset: ImageDataset) -> MatchedClasses:
    """Return the images with the classes of the model, without images of classes that it does not have.

    Raise UserError for images that the model cannot take, or without a class of the model.
    """
    require_same_images(dataset, bundle)
    absent = set(bundle.classes) - set(dataset.classes)
    if absent == set(bundle.classes) or (absent and dataset.target_kind == VOTES):
        raise UserError(
            f"dataset: its classes are {listed(dataset.classes)}; the model of model_from has {listed(bundle.classes)}. "
            "Give images of the same classes."
        )
    return match_classes(dataset, bundle.classes, unknown="skip")


def explained_member(bundle: Bundle) -> Bundle:
    """Return the model whose features are shown: itself, or the first member of an ensemble."""
    return bundle.members[0] if isinstance(bundle, Ensemble) else bundle
