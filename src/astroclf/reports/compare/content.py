"""Content of the page of task=compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from astroclf.evaluation.paired.comparison import Comparison

Thumbnails = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class RunRow:
    """A compared run. n_images: those that it predicted without being trained on them."""

    name: str
    kind: str
    n_images: int


@dataclass(frozen=True)
class SettingRow:
    """A setting that differs: its key, its meaning in words, and its value in each run."""

    key: str
    meaning: str
    values: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ComparisonContent:
    """runs: in the order of the contenders. settings: those that differ. bins: of the reliability diagram.
    thumbnails: positions (n,) among the compared images -> (n, H, W, 3) uint8 RGB; None where the images
    cannot be read again, for the reason in gallery_note. warnings: sentences.
    """

    comparison: Comparison
    runs: Sequence[RunRow]
    settings: Sequence[SettingRow]
    bins: int
    warnings: Sequence[str] = ()
    thumbnails: Thumbnails | None = None
    gallery_note: str = ""
