"""Images appended to a file of the cache, whose number need not be known before."""

from __future__ import annotations

import io
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from astroclf.data.store import HEADER_BYTES, IMAGES


class ImageWriter:
    """Context manager that writes `images.npy` of a folder, one image at a time.

    Its memory is that of one image. Raise OSError if the disk is full.
    """

    def __init__(self, folder: Path, shape: tuple[int, ...], dtype: np.dtype) -> None:
        """shape: of one image."""
        self.shape, self.dtype, self.count = shape, np.dtype(dtype), 0
        self._stream = (folder / IMAGES).open("wb")

    def __enter__(self) -> Self:
        self._stream.write(bytes(HEADER_BYTES))
        return self

    def append(self, image: np.ndarray) -> None:
        """Write one image."""
        if image.shape != self.shape or image.dtype != self.dtype:
            raise ValueError(f"an image {image.shape} {image.dtype}, not {self.shape} {self.dtype}")
        self._stream.write(np.ascontiguousarray(image).data)
        self.count += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._stream:
            if kind is None:
                self._write_header()

    def _write_header(self) -> None:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header,
            {
                "descr": np.lib.format.dtype_to_descr(self.dtype),
                "fortran_order": False,
                "shape": (self.count, *self.shape),
            },
        )
        if header.tell() != HEADER_BYTES:  # numpy pads it to 64 bytes
            raise ValueError(f"a header of {header.tell()} bytes, not {HEADER_BYTES}")
        self._stream.seek(0, os.SEEK_SET)
        self._stream.write(header.getvalue())
