"""Catalog columns of the images to predict, from the kept columns of an input."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from astroclf.data.inputs.source import Block, ImageInput
from astroclf.errors import UserError, counted, listed
from astroclf.tables import parse_number

LARGEST = float(np.finfo(np.float32).max)


def block_features(block: Block, kept: Sequence[str], names: Sequence[str]) -> np.ndarray | None:
    """Return (m, F) float32 columns of the rows with an image, NaN where missing; None without names.

    kept: names of the kept columns of the block. names: of the columns that a model takes.
    """
    if not names:
        return None
    rows = [cells for cells, is_read in zip(block.kept, block.is_read, strict=True) if is_read]
    places = [kept.index(name) for name in names]
    values = [[parse_number(cells[place]) for place in places] for cells in rows]
    return np.array(values, np.float32).reshape(len(rows), len(names))


def check_features(images: ImageInput, names: Sequence[str]) -> dict[str, int]:
    """Return column -> number of missing values, of the columns that a model takes.

    Raise UserError for an input without them, and for cells that are not finite numbers.
    """
    lacking = [name for name in names if name not in images.columns]
    if lacking:
        raise UserError(
            f"{images.title}: the model takes the catalog columns {listed(names)} beside each image. Give a table of the images "
            "with these columns."
        )
    missing = dict.fromkeys(names, 0)
    places = {name: images.columns.index(name) for name in names}
    for position in range(len(images)):
        kept = images.row(position).kept
        for name, place in places.items():
            value = parse_number(kept[place])
            if value is None or abs(value) > LARGEST:
                raise UserError(
                    f"{images.title}: {name} of row {position + 1} is {kept[place]}, not a finite number. Correct it, or leave the "
                    "cell empty."
                )
            missing[name] += math.isnan(value)
    return {name: count for name, count in missing.items() if count}


def describe_missing(missing: dict[str, int]) -> str:
    """Return the sentence on missing values."""
    counts = listed(f"{name} of {counted(n, 'image')}" for name, n in missing.items())
    return f"Missing values of catalog columns are replaced by the median of the training images: {counts}."
