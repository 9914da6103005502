"""Submission to the Kaggle Galaxy Zoo challenge, from the table of predictions.

The challenge (Galaxy Zoo - The Galaxy Challenge, 2013) has 37 answers to 11 questions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from astroclf.errors import UserError, listed
from astroclf.files import write_csv
from astroclf.runs.prediction_table import PredictionTable

ANSWERS = (3, 2, 2, 2, 4, 2, 3, 7, 3, 3, 6)  # of each question
ID = "GalaxyID"
COLUMNS = tuple(
    f"Class{question}.{answer}"
    for question, count in enumerate(ANSWERS, start=1)
    for answer in range(1, count + 1)
)


def require_answers(classes: Sequence[str]) -> None:
    """Raise UserError unless a model outputs the votes of the challenge."""
    missing, others = set(COLUMNS) - set(classes), set(classes) - set(COLUMNS)
    if missing or others:
        found = (
            f"lacks {listed(sorted(missing), 3)}"
            if missing
            else f"has {listed(sorted(others), 3)} too"
        )
        raise UserError(
            f"predict.format=galaxy_zoo is for models of the {len(COLUMNS)} vote fractions Class1.1 to Class11.6, and "
            f"this one {found}. Choose predict.format=csv."
        )


def write_submission(file: Path, table: PredictionTable) -> int:
    """Write GalaxyID and the votes in the order of the challenge; return the number of rows.

    Images that could not be read have no row.
    """
    written = 0

    def rows() -> Iterator[list[str]]:
        nonlocal written
        names = ["id", *(f"p_{name}" for name in COLUMNS)]
        for part in table.read(names):
            for row in zip(*(part[name] for name in names), strict=True):
                if row[1] != "":
                    written += 1
                    yield list(row)

    write_csv(file, [ID, *COLUMNS], rows())
    return written
