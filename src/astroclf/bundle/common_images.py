"""Images that the references of several models have in common, or that any of them has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from astroclf.bundle.reference import VAL, Reference

TRAIN = "train"

Key = tuple[str, bytes]  # id of an image, and the hash of its pixels


@dataclass(frozen=True, eq=False)
class CommonImages:
    """Validation images that several models have in common, and that none of them was trained on.

    rows: (M, V) int64, the positions of the images among the validation images of each model.
    reference: of the first model.
    """

    rows: np.ndarray
    reference: Reference

    def __len__(self) -> int:
        return self.rows.shape[1]

    @property
    def targets(self) -> np.ndarray:
        """(V,) int64 or (V, K) float32, in the order of the classes of the first model."""
        return self.reference.val_targets[self.rows[0]]

    @property
    def groups(self) -> np.ndarray | None:
        """(V,) str, or None for independent images."""
        groups = self.reference.val_groups
        return None if groups is None else groups[self.rows[0]]


def find_common_images(references: Sequence[Reference]) -> CommonImages:
    """Return the images that every model has in val, without those that any model has in train.

    Images are the same if their ids and their pixels are. An image counts as trained on if a training
    image of any model has its pixels, or its group.
    """
    positions = [_val_positions(each) for each in references]
    pictures = {picture for each in references for picture in _training_pictures(each)}
    groups = {group for each in references for group in _training_groups(each)}
    own = references[0].val_groups
    shared = [
        key
        for key, row in positions[0].items()
        if all(key in others for others in positions[1:])
        and key[1] not in pictures
        and (own is None or own[row] not in groups)
    ]
    rows = [[of_model[key] for key in shared] for of_model in positions]
    return CommonImages(np.array(rows, np.int64).reshape(len(references), -1), references[0])


def join_images(
    references: Sequence[Reference], logits: np.ndarray, common: CommonImages
) -> Reference:
    """Return the reference of an ensemble: the images of all models, by their use in any of them.

    val is the common images. `train` is what any model was trained on, and what selected some models
    but not the ensemble. logits: (V, K) of the ensemble, of the common images.
    """
    calibrating = np.flatnonzero(references[0].is_val)[common.rows[0]]
    first_keys = _keys(references[0])
    splits: dict[Key, str] = {first_keys[row]: VAL for row in calibrating}
    places: dict[Key, tuple[int, int]] = {first_keys[row]: (0, int(row)) for row in calibrating}
    for number, reference in enumerate(references):
        for row, (key, split) in enumerate(
            zip(_keys(reference), reference.split.tolist(), strict=True)
        ):
            places.setdefault(key, (number, row))
            if splits.get(key) not in (VAL, TRAIN):
                splits[key] = TRAIN if split in (TRAIN, VAL) else split
    return Reference(
        ids=np.array([name for name, _ in places]),
        split=np.array([splits[key] for key in places]),
        picture_hashes=_collect([each.picture_hashes for each in references], places.values()),
        groups=_collect_if_known([each.groups for each in references], places.values()),
        sky_deg=_collect_if_known([each.sky_deg for each in references], places.values()),
        neighbor_arcsec=max(each.neighbor_arcsec for each in references),
        val_logits=logits.astype(np.float32),
        val_targets=common.targets,
    )


def _collect(columns: Sequence[np.ndarray], places: Iterable[tuple[int, int]]) -> np.ndarray:
    """Return the values at the places, each a model and a row of its column."""
    return np.array([columns[number][row] for number, row in places])


def _collect_if_known(
    columns: Sequence[np.ndarray | None], places: Iterable[tuple[int, int]]
) -> np.ndarray | None:
    known = [column for column in columns if column is not None]
    return _collect(known, places) if len(known) == len(columns) else None


def _keys(reference: Reference) -> list[Key]:
    pictures = map(np.ndarray.tobytes, np.ascontiguousarray(reference.picture_hashes))
    return list(zip(reference.ids.tolist(), pictures, strict=True))


def _val_positions(reference: Reference) -> dict[Key, int]:
    keys = _keys(reference)
    return {keys[row]: position for position, row in enumerate(np.flatnonzero(reference.is_val))}


def _training_pictures(reference: Reference) -> Iterable[bytes]:
    return map(np.ndarray.tobytes, reference.picture_hashes[reference.split == TRAIN])


def _training_groups(reference: Reference) -> list[str]:
    if reference.groups is None:
        return []
    groups: list[str] = np.unique(reference.groups[reference.split == TRAIN]).tolist()
    return groups
