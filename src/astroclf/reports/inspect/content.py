"""Content of the page of task=inspect; `page.write_inspection` turns it into HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from astroclf.reports.pictures import Gallery, LeakContent, Picture, Table
from astroclf.reports.vote_trees import TreeOfImage


@dataclass(frozen=True, eq=False)
class Distributions:
    """Statistics of images, drawn per class and split.

    columns: name with unit -> (N,) float64. classes, splits: (N,) int64 positions in the names. note:
    on which images.
    """

    columns: Mapping[str, np.ndarray]
    classes: np.ndarray
    splits: np.ndarray
    class_names: Sequence[str]
    split_names: Sequence[str]
    note: str


@dataclass(frozen=True, eq=False)
class Map:
    """Features of images in two dimensions.

    points: (N, 2). classes: (N,) int64. wrong: (N,) bool, misclassified; None for vote fractions.
    thumbnails: (M, H, W, 3) uint8 of the images at positions `shown` (M,).
    """

    title: str
    axes: tuple[str, str]
    points: np.ndarray
    classes: np.ndarray
    class_names: Sequence[str]
    wrong: np.ndarray | None
    shown: np.ndarray
    thumbnails: np.ndarray


@dataclass(frozen=True, eq=False)
class LossRow:
    """Loss of accuracy under one ablation, of all images or of one class.

    name: of the class, "" for all. ci95: of the loss, None where there is none (see note).
    """

    ablation: str
    name: str
    n: int
    before: float
    after: float
    loss: float
    ci95: Sequence[float] | None
    note: str = ""


@dataclass(frozen=True, eq=False)
class AblationContent:
    """Ablations of one model: their description, losses and example images."""

    described: Mapping[str, str]
    rows: Sequence[LossRow]
    examples: Sequence[Gallery]


@dataclass(frozen=True, eq=False)
class ModelContent:
    """Output of a model for the images.

    images: the images that everything is computed on, in words. notes: sentences on them and on the
    model. saliency_note: the layer that is explained, or why there is none. ablation_note: why there are no ablations.
    """

    facts: Mapping[str, str]
    images: str
    notes: Sequence[str]
    maps: Sequence[Map]
    neighbors: Sequence[Gallery]
    saliency: Sequence[Gallery]
    saliency_note: str
    ablations: AblationContent | None
    ablation_note: str = ""


@dataclass(frozen=True, eq=False)
class LabelErrorContent:
    """Likely label errors: sentences on their number, the joint of labels and true classes, examples."""

    sentences: Sequence[str]
    joint: Table
    gallery: Gallery


@dataclass(frozen=True, eq=False)
class InspectionContent:
    """Content of the page.

    chosen: the images requested by id; trees: their votes along the decision tree. views: a gallery for each class, of one image before
    and after its stretch and augmentation; views_note: the settings of both. leaks: between
    splits.
    """

    title: str
    facts: Mapping[str, str]
    counts: Table
    galleries: Sequence[Gallery]
    gallery_note: str
    views: Sequence[Gallery]
    views_note: str
    leaks: LeakContent
    chosen: Sequence[Picture] = ()
    trees: Sequence[TreeOfImage] = ()
    distributions: Distributions | None = None
    skipped: Table | None = None
    warnings: Sequence[str] = ()
    model: ModelContent | None = None
    label_errors: LabelErrorContent | None = None
