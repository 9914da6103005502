"""Results of finished trainings, read back and checked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from astroclf.errors import UserError
from astroclf.files import read_csv, read_json
from astroclf.integrity import describe_damage

Row = dict[str, str]


class Part(BaseModel):
    """A part of metrics.json; keys beyond those that are listed are kept as they are."""

    model_config = ConfigDict(extra="allow")


class Figure(Part):
    value: float | None


class Run(Part):
    train_s: float
    warnings: list[str] = []


class Metrics(Part):
    """Parts of metrics.json that are read back."""

    val: dict[str, Figure]
    test: dict[str, Figure] | None = None
    run: Run


def read_metrics(folder: Path) -> dict[str, Any]:
    """Return the metrics.json of a training. Raises UserError if it is missing or damaged."""
    file = folder / "metrics.json"
    with _refused(file):
        content: dict[str, Any] = read_json(file)
        Metrics.model_validate(content, strict=True)
    return content


def read_predictions(folder: Path, classes: Sequence[str]) -> list[Row]:
    """Return the rows of the predictions.csv of a training, by column.

    Raises UserError if it is missing or damaged, or of other classes.
    """
    file = folder / "predictions.csv"
    with _refused(file):
        rows = read_csv(file)
        for number, row in enumerate(rows, start=1):
            missing = {"id", "split", "label", *(f"p_{name}" for name in classes)} - set(row)
            if missing:
                raise ValueError(f"row {number} lacks {min(missing)}")
            if row["label"] not in classes:
                raise ValueError(f"row {number} has the label {row['label'][:50]!r}")
            if not all(_is_probability(row[f"p_{name}"]) for name in classes):
                raise ValueError(f"row {number} has no probability of every class")
    return rows


def has_results(folder: Path, classes: Sequence[str]) -> bool:
    """Return whether a training has results that are whole."""
    try:
        read_metrics(folder)
        read_predictions(folder, classes)
    except UserError:
        return False
    return True


def _is_probability(text: str) -> bool:
    try:
        number = float(text)
    except ValueError:
        return False
    return math.isfinite(number) and 0 <= number <= 1


@contextmanager
def _refused(file: Path) -> Iterator[None]:
    """Re-raise OSError and ValueError as a UserError that names the file."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror or error}).") from error
    except ValueError as error:
        raise UserError(
            f"{file} is damaged ({describe_damage(error)}). Delete it and resume the run: it is written again."
        ) from error
