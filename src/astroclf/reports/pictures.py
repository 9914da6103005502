"""Pictures with captions, galleries and tables of texts, for any page (`pictures.html.j2`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Picture:
    """An image with its caption.

    image: (H, W, 3) uint8 RGB. id: of the image, "" where it is none. lines: of the caption. alarm: the
    line that marks an error, or "".
    """

    image: np.ndarray
    id: str = ""
    lines: Sequence[str] = ()
    alarm: str = ""

    @property
    def alt(self) -> str:
        """Text for readers that cannot see the image."""
        return ", ".join(filter(None, (self.id, *self.lines, self.alarm)))


@dataclass(frozen=True, eq=False)
class Gallery:
    """Pictures under a title; note: what they are, or how many there are of their kind."""

    title: str
    note: str
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Table:
    """A table of texts; the first column names the rows."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, eq=False)
class LeakContent:
    """Leaks between splits: the number of each kind, and a gallery for each of the first ones."""

    counts: Table
    galleries: Sequence[Gallery]
