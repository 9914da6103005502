"""Classes of galaxies by cuts in their votes."""

from __future__ import annotations

import numpy as np

from astroclf.errors import UserError, listed
from astroclf.settings.sections import VoteCuts
from astroclf.vote_tree import VoteTree

NO_CLASS = -1


def classify(cuts: VoteCuts, tree: VoteTree, fractions: np.ndarray) -> np.ndarray:
    """Return the class of each galaxy as its position in `cuts.classes`, (N,) int64.

    fractions: (N, K) of all volunteers. A galaxy that passes the cuts of no class, or of several, has
    `NO_CLASS`.
    """
    passes = np.stack([_passes(each, tree, fractions) for each in cuts.classes.values()], axis=1)
    return np.where(passes.sum(axis=1) == 1, passes.argmax(axis=1), NO_CLASS)


def _passes(smallest: dict[str, float], tree: VoteTree, fractions: np.ndarray) -> np.ndarray:
    places = tree.positions(list(smallest))
    limits = np.array(list(smallest.values()), np.float32)
    return np.asarray((fractions[:, places] >= limits).all(axis=1))


def describe_classes(name: str, cuts: VoteCuts, classes: np.ndarray) -> str:
    """Return a sentence on the number of galaxies of each class and of none. name: of the cuts."""
    counts = class_counts(cuts, classes)
    return (
        f"dataset.vote_cuts={name} ({cuts.source}): {(classes == NO_CLASS).sum():,} of {len(classes):,} galaxies are of no "
        f"class and left out; {listed(f'{each} {count:,}' for each, count in counts.items())}."
    )


def require_classes(name: str, cuts: VoteCuts, classes: np.ndarray) -> None:
    """Raise UserError if a class has no galaxy."""
    empty = [each for each, count in class_counts(cuts, classes).items() if not count]
    if empty:
        raise UserError(
            f"dataset.vote_cuts={name}: none of {len(classes):,} galaxies is of class {listed(empty)}. Give more "
            "galaxies, or choose other cuts."
        )


def class_counts(cuts: VoteCuts, classes: np.ndarray) -> dict[str, int]:
    """Return the number of galaxies of each class."""
    return {each: int((classes == i).sum()) for i, each in enumerate(cuts.classes)}
