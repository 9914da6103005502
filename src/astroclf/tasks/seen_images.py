"""Images that a model was trained, selected or evaluated on before, found among other images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroclf.bundle import Reference
from astroclf.data.dataset import TEST, TRAIN, UNASSIGNED, VAL, ImageDataset
from astroclf.data.neighbors import find_neighbors
from astroclf.errors import counted, listed

NEW, UNKNOWN = "new", "unknown"
TITLES = {
    NEW: "new images",
    UNKNOWN: "images (unknown whether the model was trained on them)",
    TRAIN: "training images",
    VAL: "validation images (used for model selection)",
    TEST: "test images (evaluated in training already)",
}
WARNINGS = {
    TRAIN: "{n} are training images of this model: their metrics are too optimistic for other images.",
    VAL: "{n} are validation images, by which the best epoch and the decision were chosen: their metrics are slightly "
    "optimistic.",
    TEST: "{n} are test images of the training, which were evaluated there already: they are no further evidence.",
    UNKNOWN: "The bundle holds no record of its training images, since an older version wrote it: it is unknown whether "
    "the model was trained or selected on these images. Train it again to have them matched.",
}
ORDER = {NEW: 0, UNKNOWN: 1, TEST: 2, VAL: 4, TRAIN: 5}


@dataclass(frozen=True, eq=False)
class SeenImages:
    """Parts of N images by their use in the training of a model.

    parts: (N,) str: `new`, or the split of the same picture in the training (`train`, `val`, `test`
    or another); `unknown` for a model without a reference; "" for images that are not evaluated. overlaps: (N,) bool, whether an image
    outside of train overlaps a training image on the sky. shared_ids: ids of new images that images
    of the training have too, with other pixels.
    """

    parts: np.ndarray
    overlaps: np.ndarray
    shared_ids: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The parts that exist: new images first, then those evaluated before, then val and train."""
        present = set(self.parts.tolist()) - {UNASSIGNED}
        return sorted(present, key=lambda part: (ORDER.get(part, 3), part))

    def sentences(self) -> list[str]:
        """Return a warning for each part that is not new."""
        return [
            WARNINGS[part].format(n=counted(int(np.sum(self.parts == part)), "image"))
            for part in self.names
            if part in WARNINGS
        ]

    def note(self) -> str:
        """Return a sentence on ids of the training with other pixels, or ""; ids may be counters."""
        if not self.shared_ids:
            return ""
        return (
            f"{counted(len(self.shared_ids), 'new image')} with an id of the training but other pixels "
            f"({listed(self.shared_ids, 3)}): if the ids are of the same objects, the metrics are too optimistic."
        )


def title_of(part: str) -> str:
    """Return the name of a part in tables and figures."""
    return TITLES.get(part, f"{part} images (evaluated in training already)")


def find_seen(dataset: ImageDataset, reference: Reference | None, chosen: np.ndarray) -> SeenImages:
    """Match images with those of a training: by equal pixels, and by overlap on the sky.

    An id alone is no match, since different surveys count from 1 alike.

    chosen: (N,) bool, the images that are evaluated; the others are in no part.
    """
    if reference is None:
        parts = np.where(chosen, UNKNOWN, UNASSIGNED)
        return SeenImages(parts, np.zeros(len(dataset), bool))
    split_of = _splits_by_picture(reference)
    matched = np.array([split_of.get(each, NEW) for each in dataset.picture_hashes], str)
    parts = np.where(chosen, matched, UNASSIGNED)
    shared = np.isin(dataset.ids, reference.ids) & (parts == NEW)
    return SeenImages(
        parts, _overlap_train(dataset, reference) & (parts != TRAIN), tuple(dataset.ids[shared])
    )


def _splits_by_picture(reference: Reference) -> dict[bytes, str]:
    """Return hash -> split; a picture of several splits is in the one that was used most."""
    pairs = zip(reference.picture_hashes, reference.split.tolist(), strict=True)
    ordered = sorted(pairs, key=lambda pair: ORDER.get(pair[1], 3))
    return {picture.tobytes(): split for picture, split in ordered}


def _overlap_train(dataset: ImageDataset, reference: Reference) -> np.ndarray:
    """Return (N,) bool: images that overlap a training image, where both have positions."""
    overlaps = np.zeros(len(dataset), bool)
    if dataset.sky_deg is None or reference.sky_deg is None:
        return overlaps
    train = reference.sky_deg[reference.split == TRAIN]
    width_arcsec = (dataset.neighbor_arcsec + reference.neighbor_arcsec) / 2
    pairs = find_neighbors(np.concatenate([dataset.sky_deg, train]), width_arcsec)
    crossing = pairs[(pairs[:, 0] < len(dataset)) & (pairs[:, 1] >= len(dataset))]
    overlaps[crossing[:, 0]] = True
    return overlaps
