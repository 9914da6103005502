"""Labels, ids, splits and positions of the rows of a table, and the data set that they make with images."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.pixels import Pixels
from astroclf.data.sources.files import ReadFiles
from astroclf.data.sources.table_columns import groups_of, sky_of, splits_of
from astroclf.data.sources.table_labels import TableTargets, read_labels
from astroclf.data.sources.table_numbers import TableNumbers, read_numbers
from astroclf.errors import UserError
from astroclf.settings import sections
from astroclf.tables import Table


@dataclass(frozen=True, eq=False)
class LabeledRows:
    """Values of N rows; names and meaning as in `ImageDataset`."""

    ids: np.ndarray
    labels: TableTargets
    numbers: TableNumbers
    split: np.ndarray
    groups: np.ndarray | None
    sky_deg: np.ndarray | None

    @classmethod
    def of(
        cls, table: Table, ids: np.ndarray, settings: sections.LabelColumns, fewest_classes: int
    ) -> LabeledRows:
        """Return the values of the columns in the settings.

        Raise UserError as `table_labels`, `table_numbers` and `table_columns`.
        """
        return cls(
            ids,
            read_labels(table, settings, fewest_classes),
            read_numbers(table, settings),
            split=splits_of(table, settings.split_column),
            groups=groups_of(table, settings.group_column),
            sky_deg=sky_of(table, settings.ra_column, settings.dec_column),
        )

    def with_images(self, read: ReadFiles, settings: sections.LabeledImages) -> ImageDataset:
        """Return the data set of the rows with an image. Raise UserError if neighbors have no distance."""
        dataset = self.dataset(read.kept, read.images, read.pixels)
        return replace(
            dataset,
            notes=(*dataset.notes, *read.notes),
            framing=read.framing,
            invalid_share=read.invalid_share,
            neighbor_arcsec=_neighbor_arcsec(settings, read),
            skipped=read.skipped,
            hashes=read.hashes,
        )

    def dataset(self, kept: np.ndarray, images: np.ndarray, pixels: Pixels) -> ImageDataset:
        """Return the data set of some rows. kept: (n,) their positions; images: (n, C, H, W) of these."""
        labels, numbers = self.labels.at(kept), self.numbers.at(kept)
        return ImageDataset(
            images=images,
            targets=labels.targets,
            ids=self.ids[kept],
            classes=labels.classes,
            split=self.split[kept],
            pixels=pixels,
            groups=None if self.groups is None else self.groups[kept],
            sky_deg=None if self.sky_deg is None else self.sky_deg[kept],
            sample_weights=numbers.weights,
            soft_targets=labels.soft_targets,
            columns=numbers.columns,
            tree=labels.tree,
            vote_counts=labels.vote_counts,
            notes=labels.notes,
        )


def _neighbor_arcsec(settings: sections.LabeledImages, read: ReadFiles) -> float:
    """Return the width in the settings, else that of an image; 0 if no positions are known."""
    if settings.neighbor_arcsec is not None or settings.ra_column is None:
        return settings.neighbor_arcsec or 0.0
    if read.pixels.pixel_scale_arcsec is None:
        raise UserError(
            "dataset.neighbor_arcsec is not set, and images of different sizes have no common width to use instead. "
            "Set dataset.neighbor_arcsec or dataset.crop_px."
        )
    return read.pixels.pixel_scale_arcsec * read.images.shape[-1]
