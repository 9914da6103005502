"""Images that all compared runs predicted, with one truth and the groups of all runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astroclf.data.dataset import VAL
from astroclf.errors import UserError, counted
from astroclf.evaluation.decisions.decision import Predicted
from astroclf.evaluation.labels import Labels, make_labels
from astroclf.evaluation.paired.contender import Contender
from astroclf.runs.predictions import Predictions
from astroclf.tasks.comparison.compared_run import KEY, ComparedRun

MOST_CONFLICTS = 0.05  # of the images: with more, equal ids name different images
VOTE_ROUNDING = 1e-4


@dataclass(frozen=True, eq=False)
class CommonImages:
    """The N images of a comparison.

    ids: (N,) str. contenders: predictions of each run for them. counts: number of unseen (or validation)
    images of each run. selected: names of the runs that were selected on these images; none for images that
    no run has seen. warnings: sentences.
    """

    ids: np.ndarray
    labels: Labels
    contenders: Sequence[Contender]
    counts: Sequence[int]
    selected: Sequence[str]
    warnings: Sequence[str]


def find_common(runs: Sequence[ComparedRun]) -> CommonImages:
    """Return the images that every training of every run predicted, matched by their ids.

    Images that no run was trained or selected on; if there is none, also those of val. Raises UserError if
    no image is left, and if many ids have different labels in two runs.
    """
    unseen = [[run.is_unseen(each) for each in run.trainings] for run in runs]
    ids = _shared_ids(runs, unseen)
    usable = unseen
    if not ids:
        usable = [
            [mask | (each.parts == VAL) for mask, each in zip(masks, run.trainings, strict=True)]
            for masks, run in zip(unseen, runs, strict=True)
        ]
        ids = _shared_ids(runs, usable)
    if not ids:
        raise UserError(_no_common_image(runs, usable))
    ids, n_conflicts = _without_conflicts(runs, ids)
    chosen = [[_positions(each, ids) for each in run.trainings] for run in runs]
    selected = [
        run.name
        for run, positions in zip(runs, chosen, strict=True)
        if any(
            np.any(each.parts[at] == VAL) for each, at in zip(run.trainings, positions, strict=True)
        )
    ]
    counts = [int(min(mask.sum() for mask in masks)) for masks in usable]
    first = runs[0].trainings[0].of_images(chosen[0][0])
    groups = _joint_groups([_groups(run, at[0]) for run, at in zip(runs, chosen, strict=True)])
    targets = first.truth if first.votes is None else first.votes
    return CommonImages(
        ids=first.ids,
        labels=make_labels(targets, runs[0].classes, groups),
        contenders=[_contender(run, at) for run, at in zip(runs, chosen, strict=True)],
        counts=counts,
        selected=selected,
        warnings=list(_warnings(runs, counts, len(ids), selected, n_conflicts)),
    )


def _shared_ids(runs: Sequence[ComparedRun], masks: Sequence[Sequence[np.ndarray]]) -> list[str]:
    """Return the ids that all trainings have among the chosen images, in the order of the first."""
    chosen = [
        each.ids[mask].tolist()
        for run, of_run in zip(runs, masks, strict=True)
        for each, mask in zip(run.trainings, of_run, strict=True)
    ]
    shared = set(chosen[0]).intersection(*map(set, chosen[1:]))
    return [name for name in chosen[0] if name in shared]


def _positions(predictions: Predictions, ids: Sequence[str]) -> np.ndarray:
    place = {name: position for position, name in enumerate(predictions.ids.tolist())}
    return np.array([place[name] for name in ids], np.int64)


def _without_conflicts(runs: Sequence[ComparedRun], ids: list[str]) -> tuple[list[str], int]:
    """Return the ids whose label is the same in all runs, and the number of the others."""
    first = runs[0].trainings[0].of_images(_positions(runs[0].trainings[0], ids))
    agrees = np.ones(len(ids), bool)
    for run in runs[1:]:
        other = run.trainings[0].of_images(_positions(run.trainings[0], ids))
        same = first.truth == other.truth
        if first.votes is not None and other.votes is not None:
            same = np.abs(first.votes - other.votes).max(axis=1) < VOTE_ROUNDING
        share = float(np.mean(~same))
        if share > MOST_CONFLICTS:
            raise UserError(
                f"{KEY}: {share:.0%} of the {len(ids):,} images with the same id have different labels in "
                f"{runs[0].name} and {run.name}, so the ids name different images. Compare runs on the same "
                "dataset."
            )
        agrees &= same
    return [name for name, same in zip(ids, agrees, strict=True) if same], int(np.sum(~agrees))


def _groups(run: ComparedRun, positions: np.ndarray) -> np.ndarray | None:
    groups = run.trainings[0].groups
    return None if groups is None else groups[positions]


def _joint_groups(several: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """Return (N,) int64: the groups of images that are of one group in any run, or None."""
    known = [each for each in several if each is not None]
    if not known:
        return None
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(known[0])
    first = [np.unique(each, return_index=True, return_inverse=True)[1:] for each in known]
    links = np.concatenate([index[inverse.reshape(-1)] for index, inverse in first])
    rows = np.tile(np.arange(n), len(known))
    matrix = coo_array((np.ones(len(rows)), (rows, links)), shape=(n, n))
    groups: np.ndarray = connected_components(matrix, directed=False)[1].astype(np.int64)
    return groups


def _contender(run: ComparedRun, positions: Sequence[np.ndarray]) -> Contender:
    chosen = [each.of_images(at) for each, at in zip(run.trainings, positions, strict=True)]
    return Contender(
        run.name,
        [Predicted(each.probabilities, each.labels) for each in chosen],
        np.unique(chosen[0].parts, return_inverse=True)[1].reshape(-1) if run.out_of_fold else None,
    )


def _warnings(
    runs: Sequence[ComparedRun],
    counts: Sequence[int],
    n_common: int,
    selected: Sequence[str],
    n_conflicts: int,
) -> list[str]:
    found = []
    if selected:
        found.append(
            f"The runs have no common test image. These {counted(n_common, 'image')} are validation images, which "
            f"selected the epoch and the decision of {' and '.join(selected)}: the difference is optimistic for the run "
            "that was tuned more on them."
        )
    if any(count != n_common for count in counts):
        each = ", ".join(f"{run.name} {count:,}" for run, count in zip(runs, counts, strict=True))
        found.append(
            f"The runs have different test images ({each}): they are compared on the {n_common:,} that all have."
        )
    if n_conflicts:
        found.append(
            f"{counted(n_conflicts, 'image')} with different labels in the runs are left out."
        )
    return found


def _no_common_image(runs: Sequence[ComparedRun], masks: Sequence[Sequence[np.ndarray]]) -> str:
    each = ", ".join(
        f"{run.name} {int(of_run[0].sum()):,}" for run, of_run in zip(runs, masks, strict=True)
    )
    return (
        f"{KEY}: no image was predicted by all runs without being trained on (test and validation images: {each}). "
        "Evaluate the models on the same images (task=evaluate), and compare these runs."
    )
