"""ImageInput: the interface of all inputs, and Block: some of its rows with their images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from astroclf.data.formats import BadImage


@dataclass(frozen=True, eq=False)
class Block:
    """Consecutive rows of an input.

    start: number of the first row. ids, paths: one a row. kept: one tuple a row, of the columns that
    are kept. reasons: one a row, "" for an image that was read. images: (m, C, H, W) of the rows
    that were read, in their order.
    """

    start: int
    ids: Sequence[str]
    paths: Sequence[str]
    kept: Sequence[tuple[str, ...]]
    reasons: Sequence[str]
    images: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def stop(self) -> int:
        return self.start + len(self)

    @property
    def is_read(self) -> np.ndarray:
        """(n,) bool: the rows with an image."""
        return np.array([not reason for reason in self.reasons], bool)


@dataclass(frozen=True)
class Row:
    """Identity of one row of an input; kept: cells of the columns that are kept."""

    id: str
    path: str
    kept: tuple[str, ...] = ()


class ImageInput(ABC):
    """Images to predict, as a sequence of rows in a fixed order.

    title: name for messages, such as "predict.input=images". columns: names of the columns that are
    kept beside the predictions. left_out: reason -> number of files that are no rows.
    """

    title: str
    columns: tuple[str, ...] = ()
    left_out: dict[str, int]

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of rows."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Return a checksum of what identifies the rows; it changes when the input does."""

    @abstractmethod
    def row(self, position: int) -> Row:
        """Return the identity of a row."""

    @abstractmethod
    def image(self, position: int) -> np.ndarray:
        """Return the framed image (C, H, W) of a row. Raise BadImage."""

    def read(self, start: int, stop: int) -> Block:
        """Return the rows from start to stop, with their images."""
        rows = [self.row(position) for position in range(start, stop)]
        images, reasons = [], []
        for position in range(start, stop):
            try:
                images.append(self.image(position))
                reasons.append("")
            except BadImage as bad:
                reasons.append(str(bad) or "unreadable")
        return block_of(start, rows, reasons, np.stack(images) if images else np.empty((0,)))


def block_of(start: int, rows: Sequence[Row], reasons: Sequence[str], images: np.ndarray) -> Block:
    """Return a block of rows; parameters as in `Block`."""
    return Block(
        start=start,
        ids=[row.id for row in rows],
        paths=[row.path for row in rows],
        kept=[row.kept for row in rows],
        reasons=reasons,
        images=images,
    )
