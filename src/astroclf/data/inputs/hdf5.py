"""Images of an HDF5 file, read in slices of one of its arrays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from astroclf.data.framing import Framing
from astroclf.data.hdf5 import Hdf5File
from astroclf.data.inputs.arrays import ArrayInput
from astroclf.data.inputs.source import Row
from astroclf.errors import UserError, listed
from astroclf.integrity import hash_sample


def open_hdf5(
    title: str,
    file: Path,
    framing: Framing,
    images: str | None,
    id: str | None,
    kept: Sequence[str],
) -> ArrayInput:
    """Return the images of an array.

    images: name of the array; None finds it if one alone has 3 or 4 axes. id, kept: names of arrays
    with one value an image; without ids they are the positions.

    Raise UserError if the file cannot be read, or has no such array.
    """
    content = Hdf5File(title, file)
    name = images or _only_images(content)
    values = content.array("predict.images", name)
    if values.ndim not in (3, 4):
        raise UserError(
            f"predict.images={name} of {title} has the shape {values.shape}: give an array (N, C, height, width)."
        )
    ids = None if id is None else content.cells("predict.id_column", id, len(values))
    columns = [content.cells("predict.keep_columns", each, len(values)) for each in kept]

    def identify(position: int) -> Row:
        own = str(position) if ids is None else ids[position]
        return Row(own, f"{name}[{position}]", tuple(cells[position] for cells in columns))

    def fingerprint() -> str:
        return f"{hash_sample(file)} {name} {values.shape} {id} {list(kept)}"

    return ArrayInput(title, values, framing, identify, tuple(kept), fingerprint)


def _only_images(content: Hdf5File) -> str:
    names = [
        name
        for name, each in content.arrays.items()
        if each.ndim in (3, 4) and each.dtype.kind in "uif"
    ]
    if len(names) == 1:
        return names[0]
    found = f"arrays {listed(names)} of 3 or 4 axes" if names else "no array of 3 or 4 axes"
    others = "" if names else f", only {listed(content.arrays) or 'nothing'}"
    raise UserError(
        f"{content.title} holds {found}{others}. Name that of the images: predict.images=<array>."
    )
