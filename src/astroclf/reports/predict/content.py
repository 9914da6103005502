"""Content of the contact sheet of predictions; `page.write_contact_sheet` turns it into HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Example:
    """An image with its prediction.

    image: (H, W, 3) uint8 RGB. probability: of the label. p_value: of `unlike_training`, or None.
    """

    image: np.ndarray
    id: str
    label: str
    probability: float
    p_value: float | None

    @property
    def alt(self) -> str:
        """Text for readers that cannot see the image."""
        return f"{self.id}: {self.label}, probability {self.probability:.3f}"


@dataclass(frozen=True, eq=False)
class Gallery:
    """Examples under a title; n: images of this kind, of which the first are shown."""

    title: str
    n: int
    examples: Sequence[Example]


@dataclass(frozen=True, eq=False)
class ContactSheet:
    """Everything on the page.

    counts: class -> number of images with that label. reasons: reason -> number of images that could
    not be read. set_sizes: number of classes -> prediction sets; empty if the model has none.
    level: of the prediction sets. confidence, unlike_training: images in bins of equal width from 0
    to 1; unlike_training None if the model has no reference. unlike_share: of p-values of 0.05 or less.
    """

    title: str
    facts: Mapping[str, str]
    counts: Mapping[str, int]
    reasons: Mapping[str, int]
    set_sizes: Mapping[int, int]
    level: float | None
    confidence: np.ndarray
    unlike_training: np.ndarray | None
    unlike_share: float
    is_votes: bool
    certain: Sequence[Gallery]
    uncertain: Gallery
    unlike: Sequence[Gallery]

    @property
    def n(self) -> int:
        """Number of images with a prediction."""
        return sum(self.counts.values())
