"""Labels of a table: a class, vote fractions, class probabilities, or the classes of several annotators."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from astroclf.data.annotators import MISSING, count_classes, describe_agreement, majority
from astroclf.data.sources.labels import class_name, ordered_classes, warn_of_similar_classes
from astroclf.data.sources.vote_table import VoteColumns, read_fractions
from astroclf.errors import UserError, counted, listed
from astroclf.settings import sections
from astroclf.settings.schemas import read_schema
from astroclf.tables import Table
from astroclf.vote_tree import VoteTree

SUM_TOLERANCE = 0.01  # of class probabilities, which tables round


@dataclass(frozen=True, eq=False)
class TableTargets:
    """Labels of the rows of a table.

    classes: the K classes, or the answers of vote fractions. targets: (N,) int64, or (N, K) float32 vote
    fractions. soft_targets: (N, K) float32 class probabilities of the training loss, or None. notes:
    sentences on ties and agreement. tree, vote_counts: of votes on the questions of a schema, as in
    `ImageDataset`.
    """

    classes: tuple[str, ...]
    targets: np.ndarray
    soft_targets: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    tree: VoteTree | None = None
    vote_counts: np.ndarray | None = None

    def at(self, rows: np.ndarray) -> TableTargets:
        """Return the labels of some rows."""
        soft = None if self.soft_targets is None else self.soft_targets[rows]
        counts = None if self.vote_counts is None else self.vote_counts[rows]
        return replace(self, targets=self.targets[rows], soft_targets=soft, vote_counts=counts)


def label_columns(settings: sections.TableLabels) -> list[tuple[str, str]]:
    """Return (key, column) for each column of labels in the settings."""
    single = settings.label_column
    several = {
        "vote_columns": settings.vote_columns,
        "soft_label_columns": settings.soft_label_columns,
        "annotator_columns": settings.annotator_columns,
    }
    wanted = [] if single is None else [("dataset.label_column", single)]
    voted = vote_columns(settings)
    wanted += [] if voted is None else voted.wanted()
    return wanted + [
        (f"dataset.{key}", column) for key, columns in several.items() for column in columns or ()
    ]


def vote_columns(settings: sections.TableLabels) -> VoteColumns | None:
    """Return the columns of the schema of votes in the settings."""
    name = settings.vote_schema
    return None if name is None else VoteColumns(name, read_schema(name), settings.vote_tolerance)


def read_labels(
    table: Table, settings: sections.TableLabels, fewest_classes: int = 2
) -> TableTargets:
    """Return the labels of a table.

    Beside soft labels or annotators, a `label_column` gives the classes of the metrics; else they are the most
    probable or the most frequent ones.

    Raise UserError for empty cells, numbers outside [0, 1], class probabilities that do not sum to 1,
    images without an annotator, and fewer classes than the fewest.
    """
    voted = vote_columns(settings)
    if voted is not None:
        votes, tree = voted.read(table), voted.schema.tree
        return TableTargets(tree.answers, votes.fractions, tree=tree, vote_counts=votes.volunteers)
    if settings.vote_columns is not None:
        votes_given = read_fractions(table, settings.vote_columns, "dataset.vote_columns")
        return TableTargets(settings.vote_columns, votes_given.astype(np.float32))
    if settings.soft_label_columns is not None:
        return _soft_labels(table, settings, settings.soft_label_columns)
    if settings.annotator_columns is not None:
        return _annotations(table, settings, settings.annotator_columns, fewest_classes)
    return _classes(table, settings.label_column or "", fewest_classes)


def _classes(table: Table, column: str, fewest_classes: int) -> TableTargets:
    labels = [class_name(label) for label in table.filled(column)]
    classes = _ordered(labels, f"dataset.label_column={column}", fewest_classes)
    return TableTargets(classes, _indices(labels, classes))


def _ordered(labels: list[str], key: str, fewest_classes: int) -> tuple[str, ...]:
    classes = ordered_classes(labels)
    if len(classes) < fewest_classes:
        raise UserError(
            f"{key}: the only class is {classes[0]}. Give a table of at least two classes."
        )
    warn_of_similar_classes(classes)
    return classes


def _indices(labels: list[str], classes: tuple[str, ...]) -> np.ndarray:
    index = {name: position for position, name in enumerate(classes)}
    return np.array([index[label] for label in labels], np.int64)


def _soft_labels(
    table: Table, settings: sections.TableLabels, columns: tuple[str, ...]
) -> TableTargets:
    values = read_fractions(table, columns, "dataset.soft_label_columns")
    sums = values.sum(axis=1)
    wrong = np.flatnonzero(np.abs(sums - 1) > SUM_TOLERANCE).tolist()
    if wrong:
        raise UserError(
            f"dataset.soft_label_columns: the class probabilities of {counted(len(wrong), 'row')} do not sum to 1, "
            f"{table.where(wrong)}; the first sum is {sums[wrong[0]]:.4g}. Divide them by their sum, or give them as "
            "dataset.vote_columns if several can apply to an image."
        )
    soft = (values / sums[:, None]).astype(np.float32)
    tied = (values == values.max(axis=1, keepdims=True)).sum(axis=1) > 1
    chosen, notes = values.argmax(axis=1), []
    if settings.label_column is not None:
        chosen = _stated(table, settings.label_column, columns)
    elif tied.any():
        notes.append(
            f"dataset.soft_label_columns: the largest probability of {counted(int(tied.sum()), 'image')} is shared by several "
            "classes; their class in metrics and splits is the first of these."
        )
    return TableTargets(columns, chosen.astype(np.int64), soft, tuple(notes))


def _annotations(
    table: Table,
    settings: sections.TableLabels,
    columns: tuple[str, ...],
    fewest_classes: int,
) -> TableTargets:
    given = [[class_name(cell) for cell in table.text(column)] for column in columns]
    unlabeled = [row for row in range(len(table)) if not any(cells[row] for cells in given)]
    if unlabeled:
        raise UserError(
            f"dataset.annotator_columns: {counted(len(unlabeled), 'row')} of {table.name} have no class of any annotator, "
            f"{table.where(unlabeled)}. Fill one in, or remove the rows."
        )
    stated = [] if settings.label_column is None else table.filled(settings.label_column)
    names = [name for cells in given for name in cells if name] + list(map(class_name, stated))
    classes = _ordered(names, "dataset.annotator_columns", fewest_classes)
    index = {"": MISSING, **{name: position for position, name in enumerate(classes)}}
    indices = np.array([[index[name] for name in cells] for cells in given], np.int64).T
    counts = count_classes(indices, len(classes))
    chosen, tied = majority(counts)
    notes = [describe_agreement(indices, columns, len(classes))]
    if settings.label_column is not None:
        chosen = _stated(table, settings.label_column, classes)
    elif tied.any():
        notes.append(
            f"dataset.annotator_columns: {counted(int(tied.sum()), 'image')} of {len(table):,} have no majority; their class is "
            "that of the tied classes which the annotators gave most often to all images."
        )
    soft = None
    if settings.annotators == "fractions":
        soft = (counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)
    return TableTargets(classes, chosen, soft, tuple(notes))


def _stated(table: Table, column: str, classes: tuple[str, ...]) -> np.ndarray:
    """Return (N,) int64 classes of the label column; raise UserError for a name that is not a class."""
    labels = [class_name(label) for label in table.filled(column)]
    unknown = sorted(set(labels) - set(classes))
    if unknown:
        raise UserError(
            f"dataset.label_column={column}: {listed(unknown)} is not one of the classes {listed(classes)}. Name the columns of "
            "probabilities as the classes, or set dataset.label_column=null."
        )
    return _indices(labels, classes)
