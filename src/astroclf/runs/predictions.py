"""predictions.csv: the probabilities and the label of each image."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from astroclf.files import read_csv, write_csv
from astroclf.runs.folder import RunFolder
from astroclf.runs.schema import refuse_unreadable


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions of N images.

    classes: names of the K classes or answers. ids, parts: (N,) str; the part is the split of an
    image, or of out-of-fold predictions its fold. truth, labels: (N,) int64 classes, or of votes the
    answers with most of them. probabilities: (N, K) of the classes, or predicted vote fractions.
    votes: (N, K) given vote fractions, None for classes. groups: (N,) str, images of one group are
    not independent; None for independent images, and in files of former versions.
    """

    classes: tuple[str, ...]
    ids: np.ndarray
    parts: np.ndarray
    truth: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    votes: np.ndarray | None = None
    groups: np.ndarray | None = None

    def of(self, part: str) -> Predictions:
        """Return those of one split or fold, in their order."""
        return self.of_images(self.parts == part)

    def of_images(self, chosen: np.ndarray) -> Predictions:
        """Return those of some of the images; chosen: positions, or (N,) bool."""
        return Predictions(
            classes=self.classes,
            ids=self.ids[chosen],
            parts=self.parts[chosen],
            truth=self.truth[chosen],
            labels=self.labels[chosen],
            probabilities=self.probabilities[chosen],
            votes=None if self.votes is None else self.votes[chosen],
            groups=None if self.groups is None else self.groups[chosen],
        )


def join(several: Sequence[Predictions]) -> Predictions:
    """Return the predictions of several runs with the same classes, one after another."""
    votes = [each.votes for each in several if each.votes is not None]
    groups = [each.groups for each in several if each.groups is not None]
    return Predictions(
        classes=several[0].classes,
        ids=np.concatenate([each.ids for each in several]),
        parts=np.concatenate([each.parts for each in several]),
        truth=np.concatenate([each.truth for each in several]),
        labels=np.concatenate([each.labels for each in several]),
        probabilities=np.concatenate([each.probabilities for each in several]),
        votes=np.concatenate(votes) if votes else None,
        groups=np.concatenate(groups) if len(groups) == len(several) else None,
    )


def write_predictions(folder: RunFolder, predictions: Predictions, *, part: str = "split") -> None:
    """Replace predictions.csv: id, `part`, group if there are groups, truth, label, p_<class> and
    vote_<answer>.

    Probabilities and fractions have six significant digits.
    """
    names = list(predictions.classes)
    columns, numbers = [f"p_{name}" for name in names], predictions.probabilities
    if predictions.votes is not None:
        columns += [f"vote_{name}" for name in names]
        numbers = np.hstack([numbers, predictions.votes])
    classes = np.array(names)
    texts = {"id": predictions.ids, part: predictions.parts}
    if predictions.groups is not None:
        texts["group"] = predictions.groups
    texts |= {"truth": classes[predictions.truth], "label": classes[predictions.labels]}
    rows = zip(*texts.values(), numbers, strict=True)
    write_csv(
        folder.predictions,
        [*texts, *columns],
        ([*cells, *(f"{number:.6g}" for number in row)] for *cells, row in rows),
    )


def read_predictions(
    folder: RunFolder, classes: Sequence[str], *, part: str = "split"
) -> Predictions:
    """Return the predictions of a run, whose column `part` is its splits or its folds.

    Raises UserError if they are missing, damaged, or of other classes.
    """
    with refuse_unreadable(folder.predictions, "Delete it and resume the run to write it again."):
        return _read(folder.predictions, tuple(classes), part)


def stored_classes(folder: RunFolder) -> tuple[str, ...]:
    """Return the classes (or answers) that predictions.csv has probabilities of, in their order.

    Raises UserError if the file is missing or damaged.
    """
    return tuple(
        name.removeprefix("p_") for name in stored_columns(folder) if name.startswith("p_")
    )


def has_folds(folder: RunFolder) -> bool:
    """Return whether predictions.csv holds out-of-fold predictions. Raises UserError as `stored_classes`."""
    return "fold" in stored_columns(folder)


def stored_columns(folder: RunFolder) -> list[str]:
    """Return the names of the columns of predictions.csv. Raises UserError as `stored_classes`."""
    remedy = "Delete it and resume the run to write it again."
    with (
        refuse_unreadable(folder.predictions, remedy),
        folder.predictions.open(newline="", encoding="utf-8") as stream,
    ):
        return next(csv.reader(stream), [])


def _read(file: Path, classes: tuple[str, ...], part: str) -> Predictions:
    """Return the predictions in a file. Raises OSError, and ValueError if it is damaged."""
    rows = read_csv(file)
    if not rows:
        raise ValueError("it holds no predictions")
    columns = [f"p_{name}" for name in classes]
    vote_columns = [f"vote_{name}" for name in classes if f"vote_{name}" in rows[0]]
    group = ["group"] if "group" in rows[0] else []
    for number, row in enumerate(rows, start=1):
        missing = {"id", part, *group, "truth", "label", *columns, *vote_columns} - set(row)
        if missing:
            raise ValueError(f"row {number} lacks {min(missing)}")
        for key in ("truth", "label"):
            if row[key] not in classes:
                raise ValueError(f"row {number} has the {key} {row[key][:50]!r}")
    return Predictions(
        classes=classes,
        ids=np.array([row["id"] for row in rows]),
        parts=np.array([row[part] for row in rows]),
        truth=np.array([classes.index(row["truth"]) for row in rows]),
        labels=np.array([classes.index(row["label"]) for row in rows]),
        probabilities=_shares(rows, columns),
        votes=_shares(rows, vote_columns) if vote_columns else None,
        groups=np.array([row["group"] for row in rows]) if group else None,
    )


def _shares(rows: Sequence[dict[str, str]], columns: Sequence[str]) -> np.ndarray:
    """(N, K) float64 of these columns. Raises ValueError if a number is not one from 0 to 1."""
    shares = np.empty((len(rows), len(columns)))
    for number, row in enumerate(rows):
        try:
            shares[number] = [float(row[column]) for column in columns]
        except ValueError:
            shares[number] = np.nan
        if not np.all((shares[number] >= 0) & (shares[number] <= 1)):
            raise ValueError(f"row {number + 1} has no probability of every class")
    return shares
