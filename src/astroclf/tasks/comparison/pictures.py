"""Images of runs with other ids, matched by the hashes of their pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from astroclf.bundle import read_bundle
from astroclf.errors import UserError
from astroclf.runs.folder import RunFolder
from astroclf.runs.predictions import Predictions
from astroclf.tasks.comparison.compared_run import ComparedRun


def match_pictures(runs: Sequence[ComparedRun]) -> tuple[list[ComparedRun], list[str]]:
    """Return the runs with the ids of the first one for equal pictures, and a sentence for each run changed.

    Only for a run that has no id in common with the first one, and where the bundles of both hold the
    hashes of their images. Pictures that are several times in a run are not matched.
    """
    first, matched, sentences = runs[0], [runs[0]], []
    for run in runs[1:]:
        names = None if _share_ids(first, run) else _ids_in_first(first, run)
        if names:
            run = replace(run, trainings=[_renamed(each, names) for each in run.trainings])
            sentences.append(
                f"{run.name} has other image ids than {first.name}: {len(names):,} images are matched by their pixels."
            )
        matched.append(run)
    return matched, sentences


def _share_ids(one: ComparedRun, other: ComparedRun) -> bool:
    return bool(set(one.trainings[0].ids.tolist()) & set(other.trainings[0].ids.tolist()))


def _ids_in_first(first: ComparedRun, run: ComparedRun) -> dict[str, str] | None:
    """Return id -> id of the same picture in the first run, None without hashes of both."""
    pictures, others = picture_ids(first.folder), picture_ids(run.folder)
    if pictures is None or others is None:
        return None
    return {name: pictures[hashed] for hashed, name in others.items() if hashed in pictures}


def picture_ids(folder: RunFolder) -> dict[bytes, str] | None:
    """Return hash -> id of the pictures that are once in a run, from its bundle or that of its first part."""
    bundles = [folder.bundle, *sorted(folder.path.glob(f"*/{folder.bundle.name}"))]
    existing = next((path for path in bundles if path.is_dir()), None)
    if existing is None:
        return None
    try:
        reference = read_bundle(existing, "cpu").reference
    except UserError:
        return None
    if reference is None:
        return None
    hashes = [row.tobytes() for row in reference.picture_hashes]
    _, index, counts = np.unique(hashes, return_index=True, return_counts=True)
    return {hashes[k]: str(reference.ids[k]) for k in index[counts == 1].tolist()}


def _renamed(predictions: Predictions, names: Mapping[str, str]) -> Predictions:
    ids = np.array([names.get(name, name) for name in predictions.ids.tolist()])
    return replace(predictions, ids=ids)
