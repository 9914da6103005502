"""Size, noise, brightness and color of images, per class and split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.image_statistics import ImageStatistics, image_statistics, sample_positions
from astroclf.reports.inspect.content import Distributions
from astroclf.tasks.inspection.tables import Columns

UNITS = {
    "flux": "mean flux of the bands",
    "half_light_radius_px": "half-light radius, px",
    "signal_to_noise": "signal-to-noise",
    "background": "sky level",
    "noise": "sky noise (depth)",
}


@dataclass(frozen=True, eq=False)
class MeasuredImages:
    """Statistics of the images at these positions; note: which images, in words."""

    positions: np.ndarray
    statistics: ImageStatistics
    note: str


def measure_images(dataset: ImageDataset, most: int, seed: int) -> MeasuredImages:
    """Return the statistics of all images of each split, or of a random sample of it."""
    samples, notes = [], []
    for split in dataset.split_names:
        every = dataset.indices(split)
        samples.append(sample_positions(every, most, seed))
        if len(samples[-1]) < len(every):
            notes.append(f"{most:,} of {len(every):,} of {split}")
    positions = np.sort(np.concatenate(samples))
    note = f"Sampled with seed {seed}: {', '.join(notes)}." if notes else "All images."
    return MeasuredImages(positions, image_statistics(dataset, positions), note)


def distributions(dataset: ImageDataset, measured: MeasuredImages) -> Distributions:
    """Return the statistics as the page draws them."""
    splits = dataset.split_names
    values = measured.statistics.values
    return Distributions(
        columns={UNITS.get(name, f"{name}, mag"): column for name, column in values.items()},
        classes=dataset.leading[measured.positions],
        splits=np.array(
            [splits.index(each) for each in dataset.split[measured.positions].tolist()]
        ),
        class_names=dataset.classes,
        split_names=splits,
        note=measured.note,
    )


def statistics_columns(dataset: ImageDataset, measured: MeasuredImages) -> Columns:
    """Return the columns of statistics.csv: one row an image."""
    positions = measured.positions
    return {
        "id": dataset.ids[positions].tolist(),
        "class": np.array(dataset.classes)[dataset.leading[positions]].tolist(),
        "split": dataset.split[positions].tolist(),
        **{
            name: [f"{value:.6g}" if np.isfinite(value) else "" for value in column]
            for name, column in measured.statistics.values.items()
        },
    }
