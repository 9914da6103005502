"""Classes of labeled images matched by name to the classes of a trained model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.sources.labels import plain_name
from astroclf.errors import UserError, listed
from astroclf.settings.metrics import CLASSES, VOTES
from astroclf.settings.sections.evaluate import UnknownClasses
from astroclf.vote_tree import VoteTree

NOUNS = {CLASSES: ("class", "classes"), VOTES: ("answer", "answers")}


@dataclass(frozen=True, eq=False)
class MatchedClasses:
    """Labeled images with the classes of a model.

    dataset: targets are in the order of the model's classes. kept: (N,) bool, False for images of
    classes that the model does not have; their targets mean nothing. left_out: name of such a class,
    or answer -> its number of images.
    """

    dataset: ImageDataset
    kept: np.ndarray
    left_out: Mapping[str, int] = field(default_factory=dict)


def match_classes(
    dataset: ImageDataset,
    classes: Sequence[str],
    rename: Mapping[str, str] | None = None,
    unknown: UnknownClasses = "stop",
) -> MatchedClasses:
    """Return the images with the classes of a model, matched by name and never by position.

    rename: class of the data -> class of the model. unknown: for classes that the model does not
    have, `stop` to refuse them or `skip` to leave out their images, or answers.

    Raises UserError for unknown classes, for names in `rename` that do not exist, if no image is
    left, and for answers of votes that the data lack.
    """
    names = _renamed(dataset, classes, rename or {})
    unmatched = [
        given for given, name in zip(dataset.classes, names, strict=True) if name not in classes
    ]
    if unmatched and unknown == "stop":
        raise UserError(_explain_unknown(dataset, unmatched, classes))
    if len(unmatched) == len(names):
        raise UserError(
            f"dataset: none of its {NOUNS[dataset.target_kind][1]} ({listed(dataset.classes)}) is a class of the model "
            f"({listed(classes)}). Rename them, as with 'evaluate.rename_classes={{{dataset.classes[0]}: {classes[0]}}}'."
        )
    match = _match_votes if dataset.target_kind == VOTES else _match_labels
    return match(dataset, names, tuple(classes))


def _match_labels(
    dataset: ImageDataset, names: Sequence[str], classes: tuple[str, ...]
) -> MatchedClasses:
    index = np.array([classes.index(name) if name in classes else -1 for name in names])
    targets = index[dataset.targets]
    counts = np.bincount(dataset.targets, minlength=len(names)).tolist()
    return MatchedClasses(
        dataset=replace(dataset, classes=classes, targets=np.maximum(targets, 0)),
        kept=targets >= 0,
        left_out={given: counts[k] for k, given in enumerate(dataset.classes) if index[k] < 0},
    )


def _match_votes(
    dataset: ImageDataset, names: Sequence[str], classes: tuple[str, ...]
) -> MatchedClasses:
    absent = [name for name in classes if name not in names]
    if absent:
        raise UserError(
            f"dataset.vote_columns: the data lack the answers {listed(absent)} of the model. Add their columns, or "
            f"rename others with evaluate.rename_classes={{<column>: {absent[0]}}}."
        )
    columns = [names.index(name) for name in classes]
    left_out = [
        each for each, name in zip(dataset.classes, names, strict=True) if name not in classes
    ]
    return MatchedClasses(
        dataset=replace(
            dataset,
            classes=classes,
            targets=dataset.targets[:, columns],
            tree=_matched_tree(dataset, names, classes),
        ),
        kept=np.ones(len(dataset), bool),
        left_out=dict.fromkeys(left_out, len(dataset)),
    )


def _matched_tree(
    dataset: ImageDataset, names: Sequence[str], classes: Sequence[str]
) -> VoteTree | None:
    """Return the tree with the names of the model; None where answers of it are left out."""
    if dataset.tree is None or not set(names) <= set(classes):
        return None
    return dataset.tree.renamed(dict(zip(dataset.classes, names, strict=True)))


def _renamed(
    dataset: ImageDataset, classes: Sequence[str], rename: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the names of the classes of the data after renaming."""
    for given, name in rename.items():
        there = f"evaluate.rename_classes={{{given}: {name}}}"
        if given not in dataset.classes:
            raise UserError(
                f"{there}: the data have no class {given}. Choose one of {listed(dataset.classes)}."
            )
        if name not in classes:
            raise UserError(
                f"{there}: the model has no class {name}. Choose one of {listed(classes)}."
            )
    names = tuple(rename.get(name, name) for name in dataset.classes)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice and dataset.target_kind == VOTES:
        raise UserError(
            f"evaluate.rename_classes: several columns of votes become {listed(twice)}. Keep one of them."
        )
    return names


def _explain_unknown(
    dataset: ImageDataset, unmatched: Sequence[str], classes: Sequence[str]
) -> str:
    noun = NOUNS[dataset.target_kind][len(unmatched) > 1]
    alike = {given: name for given in unmatched if (name := _alike(given, classes)) is not None}
    sentence = (
        f"dataset: the {noun} {listed(unmatched)} {'is' if len(unmatched) == 1 else 'are'} not among "
        f"those of the model, {listed(classes)}. "
    )
    if alike:
        pairs = ", ".join(f"{given}: {name}" for given, name in alike.items())
        sentence += f"Did you mean 'evaluate.rename_classes={{{pairs}}}'? "
    skipped = "answers" if dataset.target_kind == VOTES else "images of unknown classes"
    return sentence + f"To leave out {skipped}, set evaluate.unknown_classes=skip."


def _alike(name: str, classes: Sequence[str]) -> str | None:
    """Return the one class that differs from a name in case, separators or number alone, or None."""
    found = [each for each in classes if _stems(each) & _stems(name)]
    return found[0] if len(found) == 1 else None


def _stems(name: str) -> set[str]:
    """Return the name without case and separators, and what it may be the plural of."""
    plain = plain_name(name)
    stems = {plain}
    if plain.endswith("ies"):
        stems.add(plain[:-3] + "y")
    if plain.endswith("es"):
        stems.add(plain[:-2])
    if plain.endswith("s"):
        stems.add(plain[:-1])
    return stems
