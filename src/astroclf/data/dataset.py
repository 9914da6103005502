"""ImageDataset: the value that every source of images returns."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from astroclf.data.duplicates.pictures import Pictures
from astroclf.data.picture_hashes import PictureHashes
from astroclf.data.pixels import Pixels
from astroclf.errors import UserError, listed
from astroclf.settings.metrics import CLASSES, VOTES, TargetKind
from astroclf.vote_tree import VoteTree

if TYPE_CHECKING:
    from torch import Tensor

    from astroclf.data.framing import Framing
    from astroclf.data.mosaics.parameters import CutoutParameters

TRAIN, VAL, TEST = "train", "val", "test"
UNASSIGNED = ""


@dataclass(frozen=True, eq=False)
class CatalogColumns:
    """Columns of a catalog. values: (N, F) float32, NaN where missing; names: the F columns."""

    names: tuple[str, ...]
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """Images with their targets, splits and positions, and the meaning of their pixels.

    images: (N, C, H, W), uint8 0-255 or float32 calibrated flux; may be a read-only memory map.
    targets: (N,) int64 indices into `classes`, or (N, K) float32 vote fractions in [0, 1].
    ids: (N,) str, unique.
    classes: the K class names, or the K names of the vote fractions.
    split: (N,) str: `train`, `val`, `test`, the name of a further split that is only evaluated, or
        "" if the source states none (see `data.splits.assign_splits`).
    groups: (N,) str, or None: images of one group (a parent frame, a field, a cell of the sky) are
        always in one split.
    sky_deg: (N, 2) float64 right ascension and declination in degrees, or None.
    neighbor_arcsec: squares of this width round sky_deg that overlap show a common piece of sky.
    skipped: file -> reason, for each image that could not be read and was left out.
    invalid_share: (N,) float32, fraction of the pixels of each image that were invalid (NaN, infinite
        or blank in its file) and have been replaced by the sky; None if that is not known.
    framing: the preparation of the image files; None for images that come from no file.
    cutouts: the preparation of stamps that are cut from mosaics; None for other images.
    tree: decision tree of the answers, whose names are `classes`; None for classes and plain votes.
    vote_counts: (N,) float32, number of volunteers of each image, where they are known.
    sample_weights: (N,) float32, > 0, of the loss of each training image; None for equal weights.
    soft_targets: (N, K) float32 class probabilities, for the training loss; None for certain classes.
    columns: values of a catalog beside each image, for networks that take them.
    notes: sentences that a run warns of, such as tied labels and masked bands.
    hashes: of the pixels; shared by data sets of the same images, since computing them reads all.
    pictures: exact and near copies among the images; shared likewise.
    moved_from: (N,) str, former split of each leaking image that was moved (`data.audit.moves`), "" for
        all others; None if no image was.
    """

    images: np.ndarray
    targets: np.ndarray
    ids: np.ndarray
    classes: tuple[str, ...]
    split: np.ndarray
    pixels: Pixels
    groups: np.ndarray | None = None
    sky_deg: np.ndarray | None = None
    neighbor_arcsec: float = 0.0
    skipped: Mapping[str, str] = field(default_factory=dict)
    invalid_share: np.ndarray | None = None
    framing: Framing | None = None
    cutouts: CutoutParameters | None = None
    tree: VoteTree | None = None
    vote_counts: np.ndarray | None = None
    sample_weights: np.ndarray | None = None
    soft_targets: np.ndarray | None = None
    columns: CatalogColumns | None = None
    notes: tuple[str, ...] = ()
    hashes: PictureHashes | None = field(default=None, repr=False, compare=False)
    pictures: Pictures | None = field(default=None, repr=False, compare=False)
    moved_from: np.ndarray | None = None

    def __post_init__(self) -> None:
        hashes = self.hashes
        if hashes is None or hashes.images is not self.images:
            hashes = PictureHashes(self.images)
            object.__setattr__(self, "hashes", hashes)
        if self.pictures is None or self.pictures.hashes is not hashes:
            object.__setattr__(self, "pictures", Pictures(hashes))

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def channels(self) -> int:
        return int(self.images.shape[1])

    @property
    def image_px(self) -> int:
        return int(self.images.shape[-1])

    @property
    def target_kind(self) -> TargetKind:
        return VOTES if self.targets.ndim == 2 else CLASSES

    @property
    def exclusive_classes(self) -> tuple[str, ...]:
        """The classes if every image is of exactly one; () for vote fractions."""
        return () if self.target_kind == VOTES else self.classes

    @property
    def leading(self) -> np.ndarray:
        """(N,) int64: the class of each image, or the answer with most votes."""
        return self.targets.argmax(axis=1) if self.target_kind == VOTES else self.targets

    @property
    def split_names(self) -> tuple[str, ...]:
        """Names of the splits: train, val and test first, then others in alphabetical order."""
        present = set(self.split.tolist())
        known = [name for name in (TRAIN, VAL, TEST) if name in present]
        return (*known, *sorted(present - {TRAIN, VAL, TEST, UNASSIGNED}))

    def indices(self, split: str) -> np.ndarray:
        """Return the positions of the images of one split, ascending, (n,) int64."""
        return np.flatnonzero(self.split == split)

    def class_counts(self, split: str) -> np.ndarray:
        """Return the number of images of each of `exclusive_classes` in one split, int64."""
        counts = np.bincount(self.leading[self.indices(split)], minlength=len(self.classes))
        return counts[: len(self.exclusive_classes)]

    def balanced_weights(self, split: str) -> np.ndarray:
        """Return (K,) weights with a mean of 1 over the images of a split, or over the answers.

        N / (K n_k) for a class with n_k of N images, and the inverse mean vote for an answer.
        """
        if self.target_kind == VOTES:
            inverse = 1 / np.maximum(self.targets[self.indices(split)].mean(axis=0), 1e-3)
            return inverse / inverse.mean()
        counts = self.class_counts(split)
        return counts.sum() / (len(self.classes) * np.maximum(counts, 1))

    def mean_weight(self, weights: Tensor, split: str) -> Tensor:
        """Return the mean of (K,) weights over the images of a split, or over the answers."""
        if self.target_kind == VOTES:
            return weights.mean()
        counts = weights.new_tensor(self.class_counts(split))
        return (weights * counts).sum() / counts.sum()

    @property
    def positive_class(self) -> str | None:
        """The second of two classes, to which ranking metrics and constraints refer; else None."""
        return self.classes[1] if len(self.exclusive_classes) == 2 else None

    def with_reversed_classes(self) -> ImageDataset:
        """Return the same images with their two classes in the other order."""
        soft = None if self.soft_targets is None else self.soft_targets[:, ::-1]
        return replace(
            self, classes=self.classes[::-1], targets=1 - self.targets, soft_targets=soft
        )

    def column_values(self, names: Sequence[str]) -> np.ndarray:
        """Return (N, F) float32, the columns of these names, NaN where missing.

        Raises UserError for a column that the data set does not have.
        """
        known = () if self.columns is None else self.columns.names
        unknown = [name for name in names if name not in known]
        if self.columns is None or unknown:
            raise UserError(
                f"model.features_columns=[{listed(names)}]: the data set has no column {listed(unknown)}, only {listed(known) or 'images'}. "
                "Give images with these columns."
            )
        return self.columns.values[:, [known.index(name) for name in names]]

    def at(self, positions: np.ndarray) -> ImageDataset:
        """Return the images at positions, which may repeat; `images` in memory, and ids as they are."""

        def chosen(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[positions]

        columns = self.columns
        return replace(
            self,
            images=np.asarray(self.images[positions]),
            targets=self.targets[positions],
            ids=self.ids[positions],
            split=self.split[positions],
            groups=chosen(self.groups),
            sky_deg=chosen(self.sky_deg),
            vote_counts=chosen(self.vote_counts),
            sample_weights=chosen(self.sample_weights),
            soft_targets=chosen(self.soft_targets),
            columns=columns and replace(columns, values=columns.values[positions]),
            moved_from=chosen(self.moved_from),
            hashes=None,
        )

    def with_split(self, split: np.ndarray) -> ImageDataset:
        """Return the same images in other splits."""
        return replace(self, split=split)

    def with_groups(self, groups: np.ndarray) -> ImageDataset:
        """Return the same images in other groups."""
        return replace(self, groups=groups)

    @property
    def picture_hashes(self) -> tuple[bytes, ...]:
        """Return 16 bytes for each image, equal where every pixel is."""
        assert self.hashes is not None  # set in __post_init__
        return self.hashes.values

    @property
    def picture_numbers(self) -> np.ndarray:
        """(N,) int64, equal for images of one picture: identical ones and near-duplicates."""
        assert self.pictures is not None  # set in __post_init__
        return self.pictures.numbers

    @cached_property
    def pictures_fingerprint(self) -> str:
        """16-digit hexadecimal hash of the images and their order, independent of their ids."""
        digest = hashlib.blake2b(digest_size=8)
        digest.update(str((self.images.shape, self.images.dtype)).encode())
        digest.update(b"".join(self.picture_hashes))
        return digest.hexdigest()

    @cached_property
    def fingerprint(self) -> str:
        """16-digit hexadecimal hash of images, targets, ids, splits, and what else a training takes."""
        digest = hashlib.blake2b(self.pictures_fingerprint.encode(), digest_size=8)
        digest.update(str((self.targets.shape, self.targets.dtype)).encode())
        digest.update(np.ascontiguousarray(self.targets).data)
        for names in (self.ids, self.split, self.classes):
            digest.update("\n".join(map(str, names)).encode() + b"\0")
        columns = self.columns
        further = {
            "vote_counts": self.vote_counts,
            "sample_weights": self.sample_weights,
            "soft_targets": self.soft_targets,
            "columns": columns and columns.values,
        }
        for name, values in further.items():
            if values is not None:
                digest.update(f"{name} {columns.names if columns else ()}".encode())
                digest.update(np.ascontiguousarray(values).data)
        return digest.hexdigest()
