"""Images of an array, or of anything that is sliced like one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from astroclf.data.formats import Depth
from astroclf.data.framing import Framed, Framing
from astroclf.data.inputs.source import Block, ImageInput, Row, block_of
from astroclf.errors import UserError

DEPTHS: dict[str, Depth] = {
    "u1": "8-bit",
    "u2": "16-bit",
    "f2": "float",
    "f4": "float",
    "f8": "float",
}
Channels = Literal["none", "first", "last"]


class ArrayInput(ImageInput):
    """Images (N, H, W), (N, C, H, W) or (N, H, W, C), read in slices.

    values: an array, a memory map or a dataset of HDF5. identify: the row of a position.
    """

    def __init__(
        self,
        title: str,
        values: Any,
        framing: Framing,
        identify: Callable[[int], Row],
        columns: tuple[str, ...] = (),
        fingerprint: Callable[[], str] = str,
    ) -> None:
        self.title, self._values, self._framing = title, values, framing
        self.columns, self.left_out = columns, {}
        self._identify, self._fingerprint = identify, fingerprint
        self._channels = _channels(title, values.shape, framing)
        self._require_depth(values.dtype)
        height_px, width_px = values.shape[1:3] if self._channels == "last" else values.shape[-2:]
        if framing.crop_px is not None and min(height_px, width_px) < framing.crop_px:
            raise UserError(
                f"{title} holds images of {width_px} x {height_px} px, smaller than the {framing.crop_px} px "
                "that this model takes. Give images of the pixel scale of the training images."
            )

    def __len__(self) -> int:
        return len(self._values)

    def fingerprint(self) -> str:
        return self._fingerprint()

    def row(self, position: int) -> Row:
        return self._identify(position)

    def prepare(self, position: int) -> Framed:
        return self._framing.prepare_array(self._stack(position, position + 1)[0])

    def read(self, start: int, stop: int) -> Block:
        pictures = self._stack(start, stop)
        if not self._framing.leaves_unchanged(pictures):
            return super().read(start, stop)
        rows = [self._identify(position) for position in range(start, stop)]
        return block_of(start, rows, [""] * len(rows), pictures)

    def _stack(self, start: int, stop: int) -> np.ndarray:
        """Return (n, C, H, W) uint8 or float32."""
        stack = np.asarray(self._values[start:stop])
        if self._channels == "none":
            stack = stack[:, None]
        elif self._channels == "last":
            stack = np.moveaxis(stack, -1, 1)
        return np.ascontiguousarray(stack, np.uint8 if stack.dtype == np.uint8 else np.float32)

    def _require_depth(self, dtype: np.dtype) -> None:
        depth = DEPTHS.get(f"{dtype.kind}{dtype.itemsize}")
        wanted = self._framing.depth
        if depth is None or not (wanted in (None, depth) or (wanted, depth) == ("16-bit", "float")):
            raise UserError(
                f"{self.title} holds values of {dtype}, and this model was trained on {wanted or 'other'} values. "
                "Convert them to the values of that depth."
            )


def _channels(title: str, shape: tuple[int, ...], framing: Framing) -> Channels:
    """Return the place of the axis of bands. Raise UserError for other bands than the model takes."""
    count = len(framing.bands)
    if len(shape) == 3:
        return "none"
    if len(shape) == 4 and shape[1] == count:
        return "first"
    if len(shape) == 4 and shape[3] == count:
        return "last"
    raise UserError(
        f"{title} has the shape {tuple(shape)}, and this model takes images of {count} "
        f"band{'s' if count > 1 else ''}, {', '.join(framing.bands)}. Give (N, {count}, height, width)."
    )
