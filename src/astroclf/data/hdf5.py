"""HDF5 files of users: arrays by name, checked before anything of them is read.

Links, and arrays whose values are in other files, are refused: a file must not lead to others of the
machine that reads it. So are arrays of objects, which only pickle could restore.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from astroclf.errors import UserError, listed

SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5")


class Hdf5File:
    """An open file. title: `<key>=<path>`, for messages."""

    def __init__(self, title: str, file: Path) -> None:
        self.title, self.file = title, file
        self._content = _opened(title, file)

    @cached_property
    def arrays(self) -> dict[str, Any]:
        """Name -> array of the file, without those behind links."""
        found: dict[str, Any] = {}

        def visit(name: str, item: Any) -> None:
            if hasattr(item, "dtype") and hasattr(item, "shape"):
                found[name] = item

        self._content.visititems(visit)
        return found

    def array(self, key: str, name: str) -> Any:
        """Return an array, to be read in slices.

        key: of the settings, whose value is the name. Raise UserError if there is none of that name, if
        it is a link, or if its values are objects or in other files.
        """
        found = self.arrays.get(name.strip("/"))
        if found is None:
            if self._is_link(name):
                raise UserError(
                    f"{key}={name} of {self.title} is a link. Name the array that it leads to, in a file that holds it."
                )
            raise UserError(
                f"{key}={name} is not an array of {self.title}, which has {listed(self.arrays) or 'none'}."
            )
        if found.external or found.is_virtual:
            raise UserError(
                f"{key}={name} of {self.title}: its values are in other files. Copy them into one file, with h5repack."
            )
        if not _is_plain(found.dtype):
            raise UserError(
                f"{key}={name} of {self.title} holds objects or records ({found.dtype}). Give an array of numbers or text."
            )
        return found

    def cells(self, key: str, name: str, count: int) -> list[str]:
        """Return one text for each of so many images. Raise UserError for another number of values."""
        array = self.array(key, name)
        if array.shape not in ((count,), (count, 1)):
            raise UserError(
                f"{key}={name} of {self.title} has the shape {array.shape}, not one value for each of {count:,} images."
            )
        return [_text(value) for value in array[()].ravel().tolist()]

    def mapped(self, array: Any) -> np.memmap | None:
        """Return an array as a read-only memory map of the file; None if it is not stored as one block."""
        import h5py

        offset = array.id.get_offset()
        layout = array.id.get_create_plist().get_layout()
        if layout != h5py.h5d.CONTIGUOUS or offset is None or array.size == 0:
            return None
        if offset + array.size * array.dtype.itemsize > self.file.stat().st_size:
            return None
        mapped = np.memmap(self.file, array.dtype, "r", offset, array.shape)
        ends = (0, len(array) - 1)
        same = all(np.array_equal(mapped[i], array[i], equal_nan=True) for i in ends)
        return mapped if same else None

    def _is_link(self, name: str) -> bool:
        """Return whether a part of the name is a link; it is not followed."""
        import h5py

        links, parts = self._content.id.links, name.strip("/").split("/")
        for end in range(1, len(parts) + 1):
            path = "/".join(parts[:end]).encode()
            if not links.exists(path):
                return False
            if links.get_info(path).type in (h5py.h5l.TYPE_SOFT, h5py.h5l.TYPE_EXTERNAL):
                return True
        return False


def _opened(title: str, file: Path) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise UserError(f"{title}: HDF5 needs h5py. Run: pip install 'astroclf[hdf5]'") from error
    if not file.is_file():  # a named pipe would block
        raise UserError(f"{title} is not a file. Give an HDF5 file.")
    try:
        return h5py.File(file, "r")
    except OSError as error:
        raise UserError(
            f"{title} cannot be read as HDF5: it is truncated, damaged or of another format. Give a whole file."
        ) from error


def _is_plain(dtype: np.dtype) -> bool:
    """Return whether values are numbers or text."""
    import h5py

    return dtype.kind in "uifbS" or h5py.check_string_dtype(dtype) is not None


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
