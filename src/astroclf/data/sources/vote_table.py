"""Votes in a table: columns of a schema, as fractions of all volunteers, checked against the tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from astroclf.data.votes import TreeVotes, tree_votes
from astroclf.errors import UserError, counted, listed
from astroclf.settings.schemas import read_schema, schema_names
from astroclf.settings.sections import VoteSchema
from astroclf.tables import Table, read_column_names

KEY = "dataset.vote_schema"


@dataclass(frozen=True)
class Votes:
    """fractions: (N, K) float32 of all volunteers, in the order of the answers of the tree.
    volunteers: (N,) float32, their number, where it is known."""

    fractions: np.ndarray
    volunteers: np.ndarray | None


@dataclass(frozen=True)
class VoteColumns:
    """Columns of votes of a schema.

    name: of the schema, or the path of its file, for messages. tolerance: largest difference of votes
    from the tree, as a fraction of the volunteers of a galaxy.
    """

    name: str
    schema: VoteSchema
    tolerance: float

    def wanted(self) -> list[tuple[str, str]]:
        """Return (key, column) for the columns of answers and of the number of volunteers."""
        count = self.schema.count_column
        return [(KEY, each) for each in (*self.schema.tree.answers, count) if each is not None]

    def require(self, key: str, path: Path) -> None:
        """Raise UserError unless the table has the columns of the schema."""
        wanted = [column for _, column in self.wanted()]
        present = set(read_column_names(key, path, wanted))
        missing = [column for column in wanted if column not in present]
        if missing:
            fitting = [each for each in schema_names() if _answers(each) <= present]
            advice = f"Set {KEY}={fitting[0]}" if fitting else "Write the schema of this table"
            raise UserError(
                f"{KEY}={self.name}: {len(missing)} of its {len(wanted)} columns are missing in {key}={path}, "
                f"such as {listed(missing, 3)}. {advice}."
            )

    def read(self, table: Table) -> Votes:
        """Return the votes of a table that was read with the `wanted` columns.

        Raise UserError for values that are no votes, and for votes that contradict the tree.
        """
        tree, values = self.schema.tree, self.schema.values
        volunteers = self._volunteers(table)
        if values == "fractions":
            given = read_fractions(table, tree.answers, KEY)
        else:
            given = np.stack([table.numbers(name) for name in tree.answers], axis=1)
            given = np.nan_to_num(given)  # empty cells of questions that nobody answered
            valid = (given >= 0) & np.isfinite(given)
            _require_valid(table, tree.answers, valid, KEY, "votes")
        if values == "counts" and volunteers is None:
            volunteers = given[:, tree.positions(tree.questions[0].answers)].sum(axis=1)
        if volunteers is not None:
            _require_volunteers(table, volunteers)
        votes = tree_votes(tree, given, values, volunteers)
        self._require_agreement(table, votes)
        known = None if volunteers is None else volunteers.astype(np.float32)
        return Votes(votes.fractions.astype(np.float32), known)

    def _volunteers(self, table: Table) -> np.ndarray | None:
        column = self.schema.count_column
        return None if column is None else table.numbers(column)

    def _require_agreement(self, table: Table, votes: TreeVotes) -> None:
        wrong = votes.difference > self.tolerance
        if not wrong.any():
            return
        rows = np.flatnonzero(wrong.any(axis=1)).tolist()
        row, number = rows[0], int(votes.difference[rows[0]].argmax())
        question = self.schema.tree.questions[number]
        answered, expected = votes.answered[row, number], votes.expected[row, number]
        raise UserError(
            f"{KEY}={self.name}: the votes of {len(rows):,} of {len(table):,} galaxies "
            f"contradict the tree, {table.where(rows)}: in the first, the answers to {question.name} ({question.text}) "
            f"sum to {answered:.3g}, not {expected:.3g}. Correct the table, choose its schema, or raise "
            f"dataset.vote_tolerance={self.tolerance:g}."
        )


def read_fractions(table: Table, columns: Sequence[str], key: str) -> np.ndarray:
    """Return fractions, (N, K) float64. Raise UserError for an empty cell and for values outside [0, 1]."""
    votes = np.stack([table.numbers(column) for column in columns], axis=1)
    _require_valid(table, columns, (votes >= 0) & (votes <= 1), key, "fractions from 0 to 1")
    return votes


def _require_valid(
    table: Table, columns: Sequence[str], valid: np.ndarray, key: str, meaning: str
) -> None:
    """Raise UserError unless all cells, (N, K), are valid values of that meaning."""
    if not valid.all():
        rows = np.flatnonzero(~valid.all(axis=1)).tolist()
        row, column = np.argwhere(~valid)[0]
        raise UserError(
            f"{key}: values of {counted(len(rows), 'row')} are not {meaning}, {table.where(rows)}; the first has "
            f"{table.text(columns[column])[row] or 'an empty cell'} in {columns[column]}. Correct them, or remove the rows."
        )


def _require_volunteers(table: Table, volunteers: np.ndarray) -> None:
    rows = np.flatnonzero(~(volunteers > 0)).tolist()
    if rows:
        raise UserError(
            f"{KEY}: no volunteers in {counted(len(rows), 'row')}, {table.where(rows)}. Remove the galaxies without volunteers."
        )


def _answers(name: str) -> set[str]:
    return set(read_schema(name).tree.answers)
