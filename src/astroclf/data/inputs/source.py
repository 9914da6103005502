"""ImageInput: the interface of all inputs, and Block: some of its rows with their images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from astroclf.data.formats import BadImage
from astroclf.data.framing import Framed

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Block:
    """Consecutive rows of an input.

    start: number of the first row. ids, paths: one a row. kept: one tuple a row, of the columns that
    are kept. reasons: one a row, "" for an image that was read. images: (m, C, H, W) of the rows
    that were read, in their order. invalid_shares: (m,) of their pixels, which the sky has replaced.
    """

    start: int
    ids: Sequence[str]
    paths: Sequence[str]
    kept: Sequence[tuple[str, ...]]
    reasons: Sequence[str]
    images: np.ndarray
    invalid_shares: np.ndarray

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
    kept beside the predictions. left_out: reason -> number of files that are no rows. wanted: advice for
    an input without a usable image, "" for images like those of the training.
    """

    title: str
    columns: tuple[str, ...] = ()
    left_out: dict[str, int]
    wanted: str = ""

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
    def prepare(self, position: int) -> Framed:
        """Return the image of a row, with its share of invalid pixels. Raise BadImage."""

    def read(self, start: int, stop: int) -> Block:
        """Return the rows from start to stop, with their images."""
        rows = [self.row(position) for position in range(start, stop)]
        return prepared_block(start, rows, self.prepare, range(start, stop))


def prepared_block(
    start: int, rows: Sequence[Row], prepare: Callable[[Item], Framed], items: Iterable[Item]
) -> Block:
    """Return a block of rows with the images that are prepared from items, one a row.

    prepare: raises BadImage for an item without an image, which becomes the reason of its row.
    """
    framed, reasons = [], []
    for item in items:
        try:
            framed.append(prepare(item))
            reasons.append("")
        except BadImage as bad:
            reasons.append(str(bad) or "unreadable")
    images = np.stack([each.image for each in framed]) if framed else np.empty((0,))
    return block_of(start, rows, reasons, images, np.array([each.invalid_share for each in framed]))


def block_of(
    start: int,
    rows: Sequence[Row],
    reasons: Sequence[str],
    images: np.ndarray,
    invalid_shares: np.ndarray | None = None,
) -> Block:
    """Return a block of rows; parameters as in `Block`, invalid_shares None where all pixels are valid."""
    return Block(
        start=start,
        ids=[row.id for row in rows],
        paths=[row.path for row in rows],
        kept=[row.kept for row in rows],
        reasons=reasons,
        images=images,
        invalid_shares=np.zeros(len(images)) if invalid_shares is None else invalid_shares,
    )
