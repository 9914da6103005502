"""Columns of a table of metadata, found for each image by its id."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from astroclf.errors import UserError
from astroclf.settings import sections
from astroclf.tables import read_table

# A folder before an id, and what follows it: the extension of a file, or the decimals of a float.
AROUND_ID = re.compile(r".*/|\.(?:[A-Za-z]{3,4}|0+)$")


def metadata_values(evaluation: sections.Evaluation, ids: np.ndarray) -> dict[str, np.ndarray]:
    """Return column of `bin_columns` -> (N,) its value for each image, NaN where there is none.

    Raise UserError as `read_metadata`.
    """
    if not (evaluation.bin_columns and evaluation.metadata and evaluation.metadata_id):
        return {}
    return read_metadata(
        evaluation.bin_columns,
        catalog=Path(evaluation.metadata),
        id_column=evaluation.metadata_id,
        ids=ids,
    )


def read_metadata(
    columns: Sequence[str], *, catalog: Path, id_column: str, ids: np.ndarray
) -> dict[str, np.ndarray]:
    """Return column -> (N,) float64 for the images, NaN where the table has no number.

    Ids are compared as text; if none of them is in the table, without folder and extension.

    Raise UserError for a file that is no table, a column that it lacks or that holds no numbers, an
    id of these images in several rows, or if none of the ids is found.
    """
    wanted = [("evaluation.metadata_id", id_column)]
    wanted += [("evaluation.bin_columns", column) for column in columns]
    table = read_table("evaluation.metadata", catalog, wanted)
    there, here = table.text(id_column.strip()), ids.tolist()
    if not set(here) & set(there):
        there, here = [[AROUND_ID.sub("", name) for name in names] for names in (there, here)]
    common = set(here) & set(there)
    if not common:
        raise UserError(
            f"evaluation.metadata_id={id_column}: none of the {len(ids):,} image ids (such as {ids[0]}) "
            f"is in that column of {catalog} (such as {table.text(id_column.strip())[0]}). Choose the "
            "column that holds them."
        )
    repeated = [name for name, count in Counter(there).items() if count > 1 and name in common]
    if repeated:
        raise UserError(
            f"evaluation.metadata={catalog}: the id {repeated[0]} is in it more than once. "
            "Keep one row for each image."
        )
    row_of = {name: row for row, name in enumerate(there)}
    rows = np.array([row_of.get(name, -1) for name in here])  # -1: the NaN at the end
    return {column: np.append(table.numbers(column.strip()), np.nan)[rows] for column in columns}
