"""task=inspect: content of a dataset before training."""

from __future__ import annotations

import logging

import numpy as np

from astroclf.tasks.datasets import get_dataset
from astroclf.tasks.run import Run

log = logging.getLogger(__name__)


def main(run: Run) -> None:
    """Log the number of images per class and split, and the images of inspect.ids."""
    dataset = get_dataset(run.settings, run.cache)
    for split in dataset.split_names:
        counts = zip(dataset.exclusive_classes, dataset.class_counts(split), strict=True)
        log.info("%-12s%s", split, ", ".join(f"{name} {count:,}" for name, count in counts))
    for name in run.settings.inspect.ids if run.settings.inspect else ():
        for position in np.flatnonzero(dataset.ids == name):
            label = dataset.classes[dataset.leading[position]]
            log.info("%-12s%s, %s", name, label, dataset.split[position])
