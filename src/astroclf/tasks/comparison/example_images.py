"""Images of a comparison, read again from the data set of one of its runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from astroclf.data.dataset import ImageDataset
from astroclf.data.sources import load_dataset
from astroclf.data.thumbnails import make_thumbnails
from astroclf.errors import UserError
from astroclf.reports.compare.content import Thumbnails
from astroclf.runs.settings import read_config
from astroclf.settings import read_settings
from astroclf.tasks.comparison.compared_run import KEY, ComparedRun


def example_images(runs: Sequence[ComparedRun], ids: np.ndarray) -> tuple[Thumbnails | None, str]:
    """Return the source of thumbnails of images by their positions in ids, or None and the reason.

    The images are those of the first run whose data set can be read again.
    """
    reasons = []
    for run in runs:
        try:
            return _thumbnails_of(run, ids), ""
        except UserError as error:
            reasons.append(str(error))
    return None, f"No images are shown, since they cannot be read again: {reasons[0]}"


def _thumbnails_of(run: ComparedRun, ids: np.ndarray) -> Thumbnails:
    """Raises UserError if the data set of a run cannot be read, or has changed."""
    dataset = load_dataset(read_settings(read_config(run.folder, KEY)).dataset)
    place = {name: position for position, name in enumerate(dataset.ids.tolist())}
    if not place.keys() >= set(ids.tolist()):
        raise UserError(f"the data set of {run.name} lacks some of the images now.")
    return partial(_show, dataset, np.array([place[name] for name in ids.tolist()]))


def _show(dataset: ImageDataset, positions: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    return make_thumbnails(dataset, positions[chosen])
