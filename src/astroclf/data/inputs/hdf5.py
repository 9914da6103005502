"""Images of an HDF5 file, read in slices of one of its datasets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from astroclf.data.framing import Framing
from astroclf.data.inputs.arrays import ArrayInput
from astroclf.data.inputs.source import Row
from astroclf.errors import UserError, listed
from astroclf.integrity import hash_sample

SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5")


def open_hdf5(
    title: str,
    file: Path,
    framing: Framing,
    images: str | None,
    id: str | None,
    kept: Sequence[str],
) -> ArrayInput:
    """Return the images of a dataset.

    images: name of the dataset; None finds it if one alone has 3 or 4 axes. id, kept: names of
    datasets with one value an image; without ids they are the positions.

    Raise UserError if the file cannot be read, or has no such dataset.
    """
    content = _opened(title, file)
    name = images or _only_images(title, content)
    values = _dataset(title, content, "predict.images", name)
    if values.ndim not in (3, 4):
        raise UserError(
            f"predict.images={name} of {title} has the shape {values.shape}: give a dataset (N, C, height, width)."
        )
    ids = None if id is None else _cells(title, content, "predict.id_column", id, len(values))
    columns = [_cells(title, content, "predict.keep_columns", each, len(values)) for each in kept]

    def identify(position: int) -> Row:
        own = str(position) if ids is None else ids[position]
        return Row(own, f"{name}[{position}]", tuple(cells[position] for cells in columns))

    def fingerprint() -> str:
        return f"{hash_sample(file)} {name} {values.shape} {id} {list(kept)}"

    return ArrayInput(title, values, framing, identify, tuple(kept), fingerprint)


def _opened(title: str, file: Path) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise UserError(f"{title}: HDF5 needs h5py. Run: pip install 'astroclf[hdf5]'") from error
    try:
        return h5py.File(file, "r")
    except OSError as error:
        raise UserError(f"{title} cannot be read as HDF5. Give a whole file.") from error


def _datasets(content: Any) -> dict[str, Any]:
    """Return name -> dataset of the file; links to other files are not followed."""
    found: dict[str, Any] = {}

    def visit(name: str, item: Any) -> None:
        if hasattr(item, "dtype") and hasattr(item, "shape"):
            found[name] = item

    content.visititems(visit)
    return found


def _only_images(title: str, content: Any) -> str:
    datasets = _datasets(content)
    names = [
        name for name, each in datasets.items() if each.ndim in (3, 4) and each.dtype.kind in "uif"
    ]
    if len(names) == 1:
        return names[0]
    found = f"datasets {listed(names)} of 3 or 4 axes" if names else "no dataset of 3 or 4 axes"
    others = "" if names else f", only {listed(datasets) or 'nothing'}"
    raise UserError(
        f"{title} holds {found}{others}. Name that of the images: predict.images=<dataset>."
    )


def _dataset(title: str, content: Any, key: str, name: str) -> Any:
    datasets = _datasets(content)
    if name.strip("/") not in datasets:
        raise UserError(f"{key}={name} is not a dataset of {title}, which has {listed(datasets)}.")
    return datasets[name.strip("/")]


def _cells(title: str, content: Any, key: str, name: str, count: int) -> list[str]:
    dataset = _dataset(title, content, key, name)
    if dataset.shape != (count,):
        raise UserError(
            f"{key}={name} of {title} has the shape {dataset.shape}, not one value for each of {count:,} images."
        )
    values = dataset[()].tolist()
    return [
        each.decode(errors="replace") if isinstance(each, bytes) else str(each) for each in values
    ]
